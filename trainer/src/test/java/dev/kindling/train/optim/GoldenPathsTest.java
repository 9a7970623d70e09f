package dev.kindling.train.optim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.model.TestKernels;
import dev.kindling.train.tensor.Tensor;
import java.io.File;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;

/** Twelve steps of PyTorch 2.13's own optimizers on a few small tensors, made by golden/generate.py. */
class GoldenPathsTest {
  private static final int STEPS = 12;

  @Test
  void adamWWalksThePathOfPyTorch() {
    follow("adamw", new AdamW.Recipe(1e-2, 0.9, 0.95, 1e-8, 0.1), 3, 1e-4);
  }

  @Test
  void momentumWithNesterovWalksThePathOfPyTorch() {
    follow("sgd-momentum", new Sgd.Recipe(1e-2, 0.9, true, 0.01), 3, 1e-4);
  }

  @Test
  void adafactorWalksThePathOfPyTorch() {
    follow("adafactor", Adafactor.Recipe.of(1e-2, 0.01), 3, 1e-4);
  }

  @Test
  void muonWalksThePathOfPyTorchAsNearAsItsBfloat16Goes() {
    for (boolean bfloat16 : new boolean[]{true, false}) {
      follow("muon", new Muon.Recipe(1e-2, 0.95, 0.1, Muon.Scaling.ORIGINAL, bfloat16), 2, 1e-2);
    }
  }

  private static void follow(String name, OptimizerRecipe recipe, int tensors, double tolerance) {
    for (TestKernels library : TestKernels.values()) follow(name, recipe, tensors, tolerance, library);
  }

  private static void follow(String name, OptimizerRecipe recipe, int tensors, double tolerance, TestKernels library) {
    try (SafetensorsReader golden = open(name); Kernels kernels = library.open(2)) {
      ParameterLayout.Builder builder = ParameterLayout.builder();
      for (int i = 0; i < tensors; i++) {
        builder.add("p" + i, Parameter.Role.HIDDEN_MATRIX, golden.find("start." + i).shape());
      }
      ParameterLayout layout = builder.build();
      try (Vectors vectors = new Vectors(layout);
          Optimizer optimizer = recipe.create(OwnedRange.of(layout, 0, layout.size()), kernels)) {
        Tensor weights = vectors.zero();
        Tensor gradients = vectors.zero();
        put(layout, weights, golden, "start.");
        for (int step = 0; step < STEPS; step++) {
          put(layout, gradients, golden, "gradient." + step + ".");
          optimizer.step(weights, gradients, 1, step + 1, 1);
          for (int i = 0; i < tensors; i++) {
            float[] expected = golden.read("after." + step + "." + i);
            float[] found = layout.parameter("p" + i).in(weights).toFloats();
            assertThat(distance(found, expected)).as("%s, %s, step %d, tensor %d", name, library, step, i)
                .isLessThanOrEqualTo(tolerance * largest(expected));
          }
        }
      }
    }
  }

  private static SafetensorsReader open(String name) {
    File file = new File("../golden/cases/optimizers", name + ".safetensors");
    return SafetensorsReader.open(new Configuration(), new Path(file.getAbsoluteFile().toURI()));
  }

  private static void put(ParameterLayout layout, Tensor flat, SafetensorsReader golden, String prefix) {
    int i = 0;
    for (Parameter p : layout.parameters()) {
      float[] values = golden.read(prefix + i++);
      p.in(flat).put(0, values, 0, values.length);
    }
  }

  private static double distance(float[] a, float[] b) {
    double most = 0;
    for (int i = 0; i < a.length; i++) most = Math.max(most, Math.abs((double) a[i] - b[i]));
    return most;
  }

  private static double largest(float[] a) {
    return distance(a, new float[a.length]);
  }
}
