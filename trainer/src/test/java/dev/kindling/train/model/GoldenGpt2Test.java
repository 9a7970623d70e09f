package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Hugging Face and PyTorch are the oracle. */
class GoldenGpt2Test {
  static Stream<Arguments> cases() {
    List<Arguments> all = new ArrayList<>();
    for (TestKernels kernels : TestKernels.values()) {
      for (String name : List.of("gpt2", "gpt2-one-token")) {
        for (Precision precision : Precision.values()) all.add(Arguments.of(name, kernels, precision));
      }
    }
    return all.stream();
  }

  private static Agreement rule(Precision precision, Agreement bfloat16) {
    return precision == Precision.FLOAT32 ? Agreement.FLOAT32 : bfloat16;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void logitsAgreeWhereTheInputIsNoPadding(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        Gpt2Model model = golden.model(kernels, precision)) {
      Batch batch = golden.batch();
      int vocabulary = model.vocabularySize();
      float[] found = model.logits(batch);
      float[] expected = golden.values("output.logits");
      for (int i = 0; i < batch.rows() * batch.time(); i++) {
        if (batch.lengths() == null || i % batch.time() < batch.lengths()[i / batch.time()]) continue;
        for (int v = 0; v < vocabulary; v++) found[i * vocabulary + v] = expected[i * vocabulary + v] = 0;
      }
      rule(precision, Agreement.BFLOAT16).check("logits", found, expected, 0);
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void lossAndEveryGradientAgree(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        Gpt2Model model = golden.model(kernels, precision);
        Memory memory = Memory.allocate(model.layout().size() * Float.BYTES)) {
      Batch batch = golden.batch();
      Tensor gradients = Tensor.at(memory.address(), DType.FLOAT32, model.layout().size());
      double loss = model.accumulate(batch, gradients) / batch.labels();
      rule(precision, Agreement.BFLOAT16_LOSS).check("loss", loss, golden.values("output.loss")[0]);
      double largest = golden.largestGradient();
      for (Parameter p : model.layout().parameters()) {
        float[] found = p.in(gradients).toFloats();
        for (int i = 0; i < found.length; i++) found[i] /= batch.labels();
        rule(precision, Agreement.BFLOAT16).check(p.name(), found, golden.values("grad." + p.name()), largest);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void eightStepsOfAdamWHaveTheSameLossesAndGradientNorms(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        Gpt2Model model = golden.model(kernels, precision);
        Training training = new Training(kernels, model)) {
      double[] losses = golden.training("loss");
      double[] norms = golden.training("gradientNorm");
      norms[0] /= 2;                             // generate.py adds its first gradient to the one just recorded
      for (int step = 0; step < losses.length; step++) {
        Training.Step found = training.run(golden.batch());
        rule(precision, Agreement.BFLOAT16_LOSS).check("loss of step " + step, found.loss(), losses[step]);
        rule(precision, Agreement.BFLOAT16_NORM).check("gradient norm of step " + step, found.gradientNorm(),
            norms[step]);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theGreedyContinuationHasTheSameTokens(String name, TestKernels library, Precision precision) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        Gpt2Model model = golden.model(kernels, precision)) {
      int[] expected = golden.ids("output.greedy");
      int prompt = golden.batch().time();
      try (LanguageModel.Sequence sequence = model.newSequence(expected.length)) {
        float[] logits = sequence.append(Arrays.copyOf(expected, prompt));
        for (int t = prompt; t < expected.length; t++) {
          int best = 0;
          for (int v = 1; v < logits.length; v++) if (logits[v] > logits[best]) best = v;
          assertThat(best).as("token %d", t).isEqualTo(expected[t]);
          logits = sequence.append(best);
        }
      }
    }
  }
}
