package dev.kindling.train.autodiff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A mixture of experts: who is asked, what is joined, and what its routers pay. */
class RoutingGradientsTest {
  private static final DType F = DType.FLOAT32;
  private static final float[] LOGITS = {
      0.1f, 2, -1, 0.7f,                                   // 1, 3
      1, 1, 1, 0,                                          // equal ones: 0, 1
      -3, -2, -1, -0.5f,                                   // 3, 2
      0, 0.5f, 0.2f, 5};                                   // 3, 1
  private final FiniteDifferences by = new FiniteDifferences(PlainKernels.of(1));

  @AfterEach
  void close() throws Exception {
    by.close();
  }

  @Test
  void eachRowTakesItsBestExpertsAndTheirSharesSumToOne() {
    try (Tape tape = new Tape(by.kernels, Precision.FLOAT32)) {
      tape.reset(false);
      Route route = Route.of(FiniteDifferences.leaf(tape, LOGITS, F, 4, 4), 2);
      assertThat(ints(route.chosen())).containsExactly(1, 3, 0, 1, 3, 2, 3, 1);
      float[] weights = route.weights().data().toFloats();
      for (int r = 0; r < 4; r++) {
        double larger = LOGITS[4 * r + ints(route.chosen())[2 * r]];
        double smaller = LOGITS[4 * r + ints(route.chosen())[2 * r + 1]];
        assertThat((double) weights[2 * r]).isCloseTo(1 / (1 + Math.exp(smaller - larger)), within(1e-6));
        assertThat((double) weights[2 * r] + weights[2 * r + 1]).isCloseTo(1, within(1e-6));
      }
      List<Route.Part> parts = route.parts();
      assertThat(parts).extracting(Route.Part::expert).containsExactly(0, 1, 2, 3);
      assertThat(ints(parts.get(1).rows())).containsExactly(0, 1, 3);
      assertThat(ints(parts.get(1).slots())).containsExactly(0, 3, 7);
      assertThat(ints(parts.get(3).rows())).containsExactly(0, 2, 3);
    }
  }

  private static int[] ints(Tensor tensor) {
    IntBuffer buffer = tensor.buffer(0, tensor.size()).asIntBuffer();
    int[] ints = new int[buffer.remaining()];
    buffer.get(ints);
    return ints;
  }

  @Test
  void aMixtureOfExperts() {
    Weight[] experts = new Weight[5];
    for (int e = 0; e < 5; e++) experts[e] = by.matrix(4, 3, false);
    Weight router = by.matrix(4, 5, true);
    float[] apart = {0, 1, 2, 3, 4, 4, 3, 2, 1, 0, 1, 3, 0, 4, 2, 2, 0, 3, 1, 4, 0, 2, 4, 1, 3, 3, 4, 1, 0, 2};
    by.check((tape, in) -> {                               // no step of the differences changes who is chosen
      Value logits = Scale.of(Multiply.of(in[0], router, null, F), 0.1f);
      Route route = Route.of(Add.of(logits, FiniteDifferences.leaf(tape, apart, F, 6, 5)), 2);
      List<Route.Part> parts = route.parts();
      List<Value> said = new ArrayList<>();
      for (Route.Part part : parts) {
        said.add(Multiply.of(TakeRows.of(in[0], part.rows()), experts[part.expert()], null, F));
      }
      return List.of(Combine.of(route, parts, said));
    }, new long[]{6, 4});
  }

  @Test
  void theRoutersLossIsTheOneOfItsFormulaAndItsGradientsThoseOfFiniteDifferences() {
    List<float[]> layers = List.of(LOGITS.clone(), by.random(16));
    for (int[] counted : new int[][]{null, {1, 0, 1, 1}}) {
      for (double z : new double[]{0, 0.3}) {
        float[][] gradients = new float[2][];
        double loss = routerLoss(layers, counted, z, gradients);
        assertThat(loss).isCloseTo(expectedLoss(layers, counted, z), within(1e-5));
        for (int layer = 0; layer < 2; layer++) {
          for (int i = 0; i < 16; i++) {
            boolean counts = counted == null || counted[i / 4] == 1;
            assertThat(gradients[layer][i] != 0).as("layer %d, at %d", layer, i).isEqualTo(counts);
            if (layer == 0 && i / 4 == 1) continue;        // equal logits: a change chooses others
            assertThat((double) gradients[layer][i]).as("layer %d, at %d", layer, i)
                .isCloseTo(slope(layers, layer, i, counted, z), within(1e-3));
          }
        }
      }
    }
  }

  private double slope(List<float[]> layers, int layer, int at, int[] counted, double z) {
    float step = 1e-2f;
    float before = layers.get(layer)[at];
    layers.get(layer)[at] = before + step;
    double above = routerLoss(layers, counted, z, null);
    layers.get(layer)[at] = before - step;
    double below = routerLoss(layers, counted, z, null);
    layers.get(layer)[at] = before;
    return (above - below) / (2 * step);
  }

  private double routerLoss(List<float[]> layers, int[] counted, double z, float[][] gradients) {
    try (Tape tape = new Tape(by.kernels, Precision.FLOAT32)) {
      tape.reset(gradients != null);
      Value one = FiniteDifferences.leaf(tape, layers.get(0), F, 4, 4);
      Value two = FiniteDifferences.leaf(tape, layers.get(1), F, 4, 4);
      Tensor mask = counted == null ? null : tape.integers(counted, 4);
      double loss = RouterLoss.of(List.of(Route.of(one, 2), Route.of(two, 2)), mask, 0.7, z);
      if (gradients != null) {
        tape.backward();
        gradients[0] = one.dy().toFloats();
        gradients[1] = two.dy().toFloats();
      }
      return loss;
    }
  }

  private static double expectedLoss(List<float[]> layers, int[] counted, double z) {
    double[] chosen = new double[4];
    double[] probabilities = new double[4];
    double squares = 0;
    double rows = 0;
    for (float[] logits : layers) {
      for (int r = 0; r < 4; r++) {
        if (counted != null && counted[r] == 0) continue;
        double sum = 0;
        for (int e = 0; e < 4; e++) sum += Math.exp(logits[4 * r + e]);
        for (int e = 0; e < 4; e++) {
          int above = 0;
          for (int o = 0; o < 4; o++) {
            if (logits[4 * r + o] > logits[4 * r + e] || logits[4 * r + o] == logits[4 * r + e] && o < e) above++;
          }
          if (above < 2) chosen[e]++;
          probabilities[e] += Math.exp(logits[4 * r + e]) / sum;
        }
        squares += Math.log(sum) * Math.log(sum);
        rows++;
      }
    }
    double balance = 0;
    for (int e = 0; e < 4; e++) balance += chosen[e] / rows * probabilities[e] / rows;
    return 0.7 * 4 * balance + z * squares / rows;
  }
}
