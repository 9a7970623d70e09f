package dev.kindling.train.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class LionTest {
  private static final int SIZE = 5_000;         // more than one chunk
  private static final ParameterLayout LAYOUT = ParameterLayout.builder()
      .add("w", Parameter.Role.HIDDEN_MATRIX, SIZE / 10, 10).build();

  @Test
  void tenStepsAreThoseOfItsThreeLinesInDoublePrecision() {
    Lion.Recipe recipe = new Lion.Recipe(1e-2, 0.95, 0.98, 0.3);
    double[] w = new double[SIZE];
    double[] m = new double[SIZE];
    try (Vectors vectors = new Vectors(LAYOUT);
        Kernels kernels = PlainKernels.of(2);
        Optimizer lion = recipe.create(OwnedRange.of(LAYOUT, 0, LAYOUT.size()), kernels)) {
      Tensor weights = vectors.random(1);
      for (int i = 0; i < SIZE; i++) w[i] = weights.toFloats()[i];
      for (int step = 1; step <= 10; step++) {
        Tensor gradients = vectors.random(step + 1);
        float[] g = gradients.toFloats();
        for (int i = 0; i < SIZE; i++) {
          double rate = 1e-2 * 0.9;
          w[i] -= rate * (Math.signum(0.95 * m[i] + 0.05 * 0.25 * g[i]) + 0.3 * w[i]);
          m[i] = 0.98 * m[i] + 0.02 * 0.25 * g[i];
        }
        lion.step(weights, gradients, 0.25, step, 0.9);
      }
      float[] found = weights.toFloats();
      for (int i = 0; i < SIZE; i++) assertThat((double) found[i]).as("weight %d", i).isCloseTo(w[i], within(1e-5));
    }
  }

  @Test
  void aWeightWithoutGradientAndMomentumOnlyDecays() {
    try (Vectors vectors = new Vectors(LAYOUT);
        Kernels kernels = PlainKernels.of(1);
        Optimizer lion = new Lion.Recipe(0.1, 0.9, 0.99, 0.5).create(List.of(OwnedRange.of(LAYOUT, 0, SIZE).get(0)),
            kernels)) {
      Tensor weights = vectors.random(1);
      float[] before = weights.toFloats();
      lion.step(weights, vectors.zero(), 1, 1, 1);
      for (int i = 0; i < SIZE; i++) before[i] *= 0.95f;
      assertThat(weights.toFloats()).usingComparatorWithPrecision(1e-6f).containsExactly(before);
    }
  }
}
