package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.collective.Alone;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Raw;
import org.junit.jupiter.api.Test;

/** Weights that were kept only in bf16 would never move by less than half a unit in their last place (ml-by-hand#85). */
class SmallUpdatesTest {
  @Test
  void aHundredStepsOf6e4AreAllInTheMaster() {
    try (Kernels kernels = PlainKernels.of(1); SlopeModel model = new SlopeModel(1, Parameter.Role.EMBEDDING)) {
      RunOptions options = RunOptions.of(100, new AdamW.Recipe(6e-4, 0.9, 0.95, 1e-8, 0)).virtualRanks(2).build();
      new TrainingLoop(model, kernels, new Alone(), SlopeModel.DATA, options).run();
      float master = model.weights().toFloats()[0];
      assertThat(master).isCloseTo(0.94f, within(1e-5f));
      assertThat(Raw.toFloat(Raw.toBfloat16(master))).isEqualTo(0.94140625f);
    }
  }

  @Test
  void aBfloat16RunEndsWhereTheFloat32RunEnds() {
    RunOptions options = RunOptions.of(20, AdamW.Recipe.of(1e-5)).virtualRanks(2).build();
    float[] start = TinyRun.train(1, RunOptions.of(1, AdamW.Recipe.of(1e-30)).virtualRanks(2).build()).weights();
    float[] precise = TinyRun.train(1, options).weights();
    float[] rounded = TinyRun.train(1, options, Precision.BFLOAT16, 1, TinyRun.DATA, l -> l).weights();
    assertThat(distance(rounded, precise)).isLessThanOrEqualTo(0.5 * distance(precise, start));
  }

  private static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
    return Math.sqrt(sum);
  }
}
