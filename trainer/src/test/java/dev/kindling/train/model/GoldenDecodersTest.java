package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every family of decoders; Hugging Face and PyTorch are the oracle. */
class GoldenDecodersTest {
  private static final List<String> NAMES = List.of("gpt2", "gpt2-one-token", "llama-gqa", "llama-mha-tied",
      "llama-bias", "llama-rope-linear", "llama-rope-llama3", "llama-rope-yarn", "llama-rope-dynamic", "qwen2", "qwen3",
      "mistral-window", "mixtral", "phi3", "gemma2", "bloom-alibi", "gpt-neox");

  /** Over 8 steps. Seen: 2.9e-4. */
  private static final Agreement GEMMA_NORM = new Agreement(1e-3, 0);
  /** Over 3 steps. Seen: 0.051. */
  private static final Agreement GEMMA_BFLOAT16_NORM = new Agreement(0.1, 0);

  static Stream<Arguments> cases() {
    List<Arguments> all = new ArrayList<>();
    for (TestKernels kernels : TestKernels.values()) {
      for (String name : NAMES) {
        for (Precision precision : Precision.values()) all.add(Arguments.of(name, kernels, precision));
      }
    }
    return all.stream();
  }

  static List<String> names() {
    return NAMES;
  }

  /** @param wide for GPT-2, GPT-NeoX and BLOOM in bf16; @param narrow for the others */
  private static Agreement rule(String name, Precision precision, Agreement wide, Agreement narrow) {
    if (precision == Precision.FLOAT32) return Agreement.FLOAT32;
    return name.startsWith("gpt") || name.startsWith("bloom") ? wide : narrow;
  }

  private static Agreement tensors(String name, Precision precision) {
    return rule(name, precision, Agreement.BFLOAT16, Agreement.BFLOAT16_NARROW);
  }

  private static Agreement losses(String name, Precision precision) {
    return rule(name, precision, Agreement.BFLOAT16_LOSS, Agreement.BFLOAT16_NARROW_LOSS);
  }

  /**
   * Gemma 2's eight steps are steep: PyTorch's own float64 is 4.7e-4 away from its float32 in the norm. In bf16 paths part:
   * after three steps norms are those of other weights, of which PyTorch's own may be nearly twice as large.
   */
  private static boolean samePath(String name, Precision precision, int step) {
    return !name.equals("gemma2") || precision == Precision.FLOAT32 || step < 3;
  }

  private static Agreement norms(String name, Precision precision) {
    if (name.equals("gemma2")) return precision == Precision.FLOAT32 ? GEMMA_NORM : GEMMA_BFLOAT16_NORM;
    return rule(name, precision, Agreement.BFLOAT16_NORM, Agreement.BFLOAT16_NARROW_NORM);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void logitsAgreeWhereTheInputIsNoPadding(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        DecoderModel model = golden.model(kernels, precision)) {
      Batch batch = golden.batch();
      int vocabulary = model.vocabularySize();
      float[] found = model.logits(batch);
      float[] expected = golden.values("output.logits");
      for (int i = 0; i < batch.rows() * batch.time(); i++) {
        if (batch.lengths() == null || i % batch.time() < batch.lengths()[i / batch.time()]) continue;
        for (int v = 0; v < vocabulary; v++) found[i * vocabulary + v] = expected[i * vocabulary + v] = 0;
      }
      tensors(name, precision).check("logits", found, expected, 0);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossAndEveryGradientAgree(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        DecoderModel model = golden.model(kernels, precision)) {
      golden.check(model, golden.batch(), losses(name, precision), tensors(name, precision));
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void eightStepsOfAdamWHaveTheSameLossesAndGradientNorms(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        DecoderModel model = golden.model(kernels, precision);
        Training<Batch> training = new Training<>(kernels, model)) {
      double[] losses = golden.training("loss");
      double[] norms = golden.training("gradientNorm");
      norms[0] /= 2;                             // generate.py adds its first gradient to the one just recorded
      for (int step = 0; step < losses.length && samePath(name, precision, step); step++) {
        Training.Step found = training.run(golden.batch());
        losses(name, precision).check("loss of step " + step, found.loss(), losses[step]);
        norms(name, precision).check("gradient norm of step " + step, found.gradientNorm(),
            norms[step]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theGreedyContinuationHasTheSameTokens(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        DecoderModel model = golden.model(kernels, precision)) {
      if (name.equals("llama-rope-dynamic")) {   // transformers keeps keys of the shorter text: no oracle
        assertThat(golden.has("output.greedy")).isFalse();
        return;
      }
      int[] expected = golden.ids("output.greedy");
      int prompt = golden.batch().time();
      try (LanguageModel.Sequence sequence = model.newSequence(expected.length)) {
        float[] logits = sequence.append(Arrays.copyOf(expected, prompt));
        for (int t = prompt; t < expected.length; t++) {
          double best = Double.NEGATIVE_INFINITY;
          for (float logit : logits) best = Math.max(best, logit);
          // bf16 may turn two that are near: then the expected one is as near to the largest as the rule lets logits be
          double near = precision == Precision.FLOAT32
              ? 0
              : tensors(name, precision).relative() * Agreement.largest(logits);
          assertThat((double) logits[expected[t]]).as("logit of token %d", t).isGreaterThanOrEqualTo(best - near);
          logits = sequence.append(expected[t]);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void whatIsWrittenReadsBackWithTheSameLogits(String name, @TempDir File folder) throws IOException {
    Path path = new Path(new File(folder, "copy").toURI());
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = TestKernels.BEST.open(1);
        DecoderModel model = golden.model(kernels, Precision.FLOAT32)) {
      golden.check(model, path, (config, weights) -> {
        try (DecoderModel copy = DecoderModel.load((DecoderConfig) config, weights, kernels, Precision.FLOAT32)) {
          assertThat(copy.logits(golden.batch())).isEqualTo(model.logits(golden.batch()));
        }
      });
    }
  }
}
