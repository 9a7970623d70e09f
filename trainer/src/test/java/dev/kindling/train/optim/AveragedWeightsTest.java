package dev.kindling.train.optim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.tensor.Tensor;
import org.junit.jupiter.api.Test;

class AveragedWeightsTest {
  private static final int SIZE = 5_000;         // more than one chunk
  private static final ParameterLayout LAYOUT = ParameterLayout.builder()
      .add("w", Parameter.Role.HIDDEN_MATRIX, SIZE / 10, 10).build();

  @Test
  void theAverageFollowsTheWeightsWithADecayThatGrows() {
    AveragedWeights.Recipe recipe = new AveragedWeights.Recipe(Sgd.Recipe.plain(0.1), 0.4);
    try (Vectors vectors = new Vectors(LAYOUT);
        Kernels kernels = PlainKernels.of(2);
        Optimizer optimizer = recipe.create(OwnedRange.of(LAYOUT, 0, LAYOUT.size()), kernels)) {
      Tensor weights = vectors.random(1);
      double[] average = doubles(weights);
      for (int step = 1; step <= 6; step++) {
        optimizer.step(weights, vectors.random(step + 1), 1, step, 1);
        double d = Math.min(0.4, (1.0 + step) / (10.0 + step));          // 0.4 from the fifth step on
        double[] w = doubles(weights);
        for (int i = 0; i < average.length; i++) average[i] = d * average[i] + (1 - d) * w[i];
      }
      float[] trained = weights.toFloats();
      ((AveragedWeights) optimizer).swap(weights);
      assertThat(doubles(weights)).usingComparatorWithPrecision(1e-5).containsExactly(average);
      ((AveragedWeights) optimizer).swap(weights);
      assertThat(weights.toFloats()).isEqualTo(trained);
    }
  }

  private static double[] doubles(Tensor tensor) {
    float[] values = tensor.toFloats();
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) wide[i] = values[i];
    return wide;
  }
}
