package dev.kindling.train.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.kernel.AttentionCase.Mask;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The masks of attention's weights as random numbers. */
class AttentionDropoutTest {
  private static final AttentionCase SHAPE = AttentionCase.of(DType.FLOAT32, 3, 4, 4, 100, Mask.all(100));

  private static AttentionDropout dropout(float rate) {
    return new AttentionDropout(rate, CounterRandom.of(7, "masks"));
  }

  /** Of the mean of n numbers that are 0 or 1 / (1 - rate), whose variance is rate / (1 - rate). */
  @ParameterizedTest
  @ValueSource(floats = {0.001f, 0.1f, 0.5f, 0.9f})
  void theMeanIsOneAndTheVarianceThatOfTheRate(float rate) {
    AttentionDropout dropout = dropout(rate);
    try (Kernels plain = KernelLibraries.plain(1); Machine machine = new Machine(plain, 3)) {
      AttentionInputs in = SHAPE.inputs(machine);
      double sum = 0;
      double squares = 0;
      int n = 3 * 4 * 100 * 100;
      for (int i = 0; i < n; i++) {
        double factor = dropout.factor(in, i / 40_000, i / 10_000 % 4, i / 100 % 100, i % 100);
        assertThat(factor == 0 || Math.abs(factor * (1 - rate) - 1) < 1e-5).isTrue();
        sum += factor;
        squares += factor * factor;
      }
      double variance = rate / (1.0 - rate);
      double deviation = Math.sqrt(variance / n);
      assertThat(sum / n).isCloseTo(1, within(4 * deviation));
      double found = squares / n - sum / n * (sum / n);
      assertThat(found / variance).isCloseTo(1, within(0.15));
    }
  }

  @Test
  void everySequenceHeadAndQueryHasAMaskOfItsOwn() {
    try (Kernels plain = KernelLibraries.plain(1); Machine machine = new Machine(plain, 3)) {
      AttentionInputs in = SHAPE.inputs(machine);
      Set<String> seen = new HashSet<>();
      for (int row = 0; row < 3 * 4 * 100; row++) {
        StringBuilder kept = new StringBuilder();
        for (int s = 0; s < 100; s++) {
          kept.append(dropout(0.5f).factor(in, row / 400, row / 100 % 4, row % 100, s) > 0 ? 'x' : '.');
        }
        seen.add(kept.toString());
      }
      assertThat(seen).hasSize(3 * 4 * 100);
    }
  }

  @Test
  void aMaskIsTheSameHoweverItIsCut() {
    AttentionDropout dropout = dropout(0.3f);
    try (Kernels plain = KernelLibraries.plain(1); Machine machine = new Machine(plain, 3)) {
      AttentionInputs in = SHAPE.inputs(machine);
      for (RowKernels kernels : List.of(new ScalarRowKernels(), new VectorRowKernels())) {
        for (int from : new int[]{0, 1, 31, 32, 99}) {
          int n = 100 - from;
          float[] weights = new float[n + RowKernels.SLACK];
          Arrays.fill(weights, 1);
          dropout.mask(kernels, weights, in, 2, 1, 17, from, n);
          for (int i = 0; i < n; i++) assertThat(weights[i]).isEqualTo(dropout.factor(in, 2, 1, 17, from + i));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {0, 1, -0.1f, Float.NaN})
  void otherRatesAreNone(float rate) {
    assertThatThrownBy(() -> dropout(rate)).isInstanceOf(IllegalArgumentException.class);
  }
}
