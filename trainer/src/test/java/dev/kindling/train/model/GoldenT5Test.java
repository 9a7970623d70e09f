package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.T5Config;
import dev.kindling.train.generate.Generation;
import dev.kindling.train.generate.Generator;
import dev.kindling.train.generate.Sampler;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Hugging Face and PyTorch are the oracle. */
class GoldenT5Test {
  /**
   * Of the last loss of version 1.1, and of its norms. Of its 32,712 entries three have a first gradient, clipped, of 2e-8 to 4e-8:
   * of the size of AdamW's epsilon, 1e-8, and of what float32 leaves of noise there. So one of them goes a tenth of a step further or
   * less far than in double precision, and the steps after it enlarge that. Double precision itself ends 1.9e-5 from the
   * golden loss, and 9e-5 (in plain Java) and 1.5e-4 (oneDNN) from ours: {@link LibtorchT5TrainingTest} has it, and what remains under
   * a larger epsilon. Version 1.0 has no such entry. Seen: 1.3e-4.
   */
  private static final Agreement FLOAT32_LAST_LOSS = new Agreement(2e-4, 0);
  private static final int LAST = 7;
  /** Seen: 3.3e-4, and 1.1e-3 with the sums of AVX2. */
  private static final Agreement FLOAT32_NORM = new Agreement(
      Agreement.computesWith("(avx2)") ? 2e-3 : 1e-3, 0);
  /** Seen: 0.036, and 0.018 where PyTorch's autocast computes the case. */
  private static final Agreement BFLOAT16_LOGITS = new Agreement(5e-2, 0);
  /**
   * Of the worst entry of a tensor: scores are not divided, and units of ReLU are rounded to the other side. Seen: 0.21; PyTorch's
   * autocast: 0.30. The gradient as a whole is held to less by {@link GoldenBfloat16Test}.
   */
  private static final Agreement BFLOAT16_GRADIENTS = new Agreement(0.3, 0);
  /** Over 8 steps of 1e-2, in which paths part. Seen: 0.036; PyTorch's autocast: 0.019. */
  private static final Agreement BFLOAT16_LOSS = new Agreement(5e-2, 0);
  /** Seen: 0.065; PyTorch's autocast: 0.085. */
  private static final Agreement BFLOAT16_NORM = new Agreement(0.15, 0);
  /** In bf16 norms are those of other weights after some steps: 0.30 apart with PyTorch's autocast. */
  private static final int SAME_PATH = 2;

  static Stream<Arguments> cases() {
    List<Arguments> all = new ArrayList<>();
    for (TestKernels kernels : TestKernels.values()) {
      for (String name : List.of("t5-v1.0", "t5-v1.1")) {
        for (Precision precision : Precision.values()) all.add(Arguments.of(name, kernels, precision));
      }
    }
    return all.stream();
  }

  private static Agreement rule(Precision precision, Agreement bfloat16) {
    return rule(precision, Agreement.FLOAT32, bfloat16);
  }

  private static Agreement rule(Precision precision, Agreement float32, Agreement bfloat16) {
    return precision == Precision.FLOAT32 ? float32 : bfloat16;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void logitsAgree(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        T5Model model = golden.t5(golden.stored(), kernels, precision)) {
      rule(precision, BFLOAT16_LOGITS).check("logits", model.logits(golden.pairs()), golden.values("output.logits"),
          0);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossAndEveryGradientAgree(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        T5Model model = golden.t5(golden.stored(), kernels, precision)) {
      Seq2SeqBatch batch = golden.pairs();
      golden.check(model, batch, rule(precision, Agreement.BFLOAT16_LOSS), rule(precision, BFLOAT16_GRADIENTS));
      assertThat(model.loss(batch)).isEqualTo(Computed.of(model, batch).loss());
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void eightStepsOfAdamWHaveTheSameLossesAndGradientNorms(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        T5Model model = golden.t5(golden.stored(), kernels, precision);
        Training<Seq2SeqBatch> training = new Training<>(kernels, model)) {
      double[] losses = golden.training("loss");
      double[] norms = golden.training("gradientNorm");
      for (int step = 0; step < losses.length; step++) {
        Training.Step found = training.run(golden.pairs(), step == 0 ? 2 : 1);
        boolean noisy = name.equals("t5-v1.1");
        Agreement float32 = noisy && step == LAST ? FLOAT32_LAST_LOSS : Agreement.FLOAT32;
        rule(precision, float32, BFLOAT16_LOSS).check("loss of step " + step, found.loss(), losses[step]);
        if (step > SAME_PATH && precision == Precision.BFLOAT16) continue;
        rule(precision, noisy ? FLOAT32_NORM : Agreement.FLOAT32, BFLOAT16_NORM).check("gradient norm of step " + step,
            found.gradientNorm(), norms[step]);
      }
    }
  }

  /** Keys and values of the encoder and of what was written are kept: one token is computed at a time. */
  @ParameterizedTest
  @MethodSource("cases")
  void theGreedyTokensAreTheSame(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        T5Model model = golden.t5(golden.stored(), kernels, precision)) {
      int[] expected = golden.ids("output.greedy");
      int[] inputs = Arrays.copyOf(golden.ids("input.input_ids"), 30);
      try (T5Model.Writing writing = model.write(inputs, expected.length)) {
        float[] logits = writing.append(model.config().startToken());
        for (int t = 1; t < expected.length; t++) {
          int best = 0;
          for (int v = 1; v < logits.length; v++) if (logits[v] > logits[best]) best = v;
          assertThat(best).as("token %d", t).isEqualTo(expected[t]);
          if (t < expected.length - 1) logits = writing.append(best);
        }
      }
      Generation written = Generator.write(model, List.of(inputs), expected.length - 1, List.of(), Sampler.greedy())
          .get(0);
      assertThat(written.after(new int[]{model.config().startToken()})).isEqualTo(expected);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"t5-v1.0", "t5-v1.1"})
  void whatIsWrittenReadsBackToTheSameLogits(String name, @TempDir Path out) throws Exception {
    org.apache.hadoop.fs.Path written = new org.apache.hadoop.fs.Path(out.resolve("model").toUri());
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = TestKernels.PLAIN.open(1);
        T5Model model = golden.t5(golden.stored(), kernels, Precision.FLOAT32)) {
      golden.check(model, written, (config, weights) -> {
        try (T5Model read = T5Model.load((T5Config) config, weights, kernels, Precision.FLOAT32)) {
          assertThat(read.logits(golden.pairs())).isEqualTo(model.logits(golden.pairs()));
        }
      });
    }
  }
}
