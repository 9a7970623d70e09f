package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.checkpoint.DropoutRates;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Precision;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a model of any family drops out while it learns, and that it does so then only. */
class DropoutTest {
  private static final CounterRandom RANDOM = CounterRandom.of(5, "micro-batch");
  private static final DropoutRates SOME = new DropoutRates(0.1f, 0.2f, 0.3f, 0.4f);

  static List<ModelConfig> families() {
    return Sample.families();
  }

  @ParameterizedTest
  @MethodSource("families")
  void withARateOfZeroOrWithoutRandomNumbersEveryBitIsAsWithoutDropout(ModelConfig config) {
    for (TestKernels library : TestKernels.values()) {
      try (Kernels kernels = library.open(2);
          Sample<?> without = Sample.of(config, kernels, Precision.FLOAT32);
          Sample<?> with = Sample.of(config.withDropout(SOME), kernels, Precision.FLOAT32)) {
        Computed expected = without.computed(null);
        without.computed(RANDOM).isExactly(expected);
        with.computed(null).isExactly(expected);
        assertThat(with.computed(RANDOM).loss()).isNotEqualTo(expected.loss());
        assertThat(with.loss()).isEqualTo(without.loss());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void theSameRandomNumbersGiveTheSameBitsOnAnyNumberOfThreadsAndOthersGiveOthers(ModelConfig config) {
    ModelConfig dropping = config.withDropout(SOME);
    for (Precision precision : Precision.values()) {
      try (Kernels one = TestKernels.BEST.open(1);
          Kernels two = TestKernels.BEST.open(2);
          Sample<?> first = Sample.of(dropping, one, precision);
          Sample<?> second = Sample.of(dropping, two, precision)) {
        Computed expected = first.computed(RANDOM);
        assertThat(first.computed(RANDOM.child(1)).loss()).isNotEqualTo(expected.loss());
        second.computed(RANDOM).isExactly(expected);
      }
    }
  }

  /** Along the gradient itself, with the masks held: a mask that the way back did not share would show. */
  @ParameterizedTest
  @MethodSource("families")
  void gradientsAreThoseOfTheLossWithTheSameMasks(ModelConfig config) {
    try (Kernels kernels = TestKernels.PLAIN.open(2);
        Sample<?> sample = Sample.of(config.withDropout(SOME), kernels, Precision.FLOAT32)) {
      float[] gradients = sample.computed(RANDOM).gradients();
      double squares = 0;
      for (float g : gradients) squares += (double) g * g;
      double norm = Math.sqrt(squares);
      float[] start = sample.model().weights().toFloats();
      double step = 2e-3;
      double above = moved(sample, start, gradients, step / norm);
      double below = moved(sample, start, gradients, -step / norm);
      assertThat((above - below) / (2 * step) / norm).isCloseTo(1, within(2e-2));
    }
  }

  private static double moved(Sample<?> sample, float[] start, float[] direction, double by) {
    float[] weights = start.clone();
    for (int i = 0; i < weights.length; i++) weights[i] += (float) (by * direction[i]);
    sample.model().weights().put(0, weights, 0, weights.length);
    sample.model().weightsChanged();
    return sample.computed(RANDOM).loss();
  }
}
