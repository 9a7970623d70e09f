package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.collective.Alone;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.LanguageModel;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.optim.OptimizerRecipe;
import dev.kindling.train.optim.Sgd;
import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The mean is over the labels of the whole global batch (transformers#34191), and a batch may have none (pytorch#116349). */
class LabelCountTest {
  private static final int TIME = 6;

  /** One row with this many labels at its end. */
  private static int[] targets(int labels) {
    int[] targets = new int[TIME];
    Arrays.fill(targets, Kernels.IGNORED);
    for (int i = TIME - labels; i < TIME; i++) targets[i] = 7 + i;
    return targets;
  }

  private static Batch batch(int... labels) {
    int[] inputs = new int[labels.length * TIME];
    int[] targets = new int[labels.length * TIME];
    for (int row = 0; row < labels.length; row++) {
      for (int t = 0; t < TIME; t++) inputs[row * TIME + t] = 3 * labels[row] + t;
      System.arraycopy(targets(labels[row]), 0, targets, row * TIME, TIME);
    }
    return new Batch(labels.length, TIME, inputs, targets, null, new long[labels.length]);
  }

  private record Told(Progress progress, float[] before, float[] after) {}

  private static Told step(OptimizerRecipe recipe, BatchSource<Batch> data, int accumulate) {
    RunOptions options = RunOptions.of(1, recipe).virtualRanks(1).accumulate(accumulate).clipNorm(0).build();
    List<Progress> told = new ArrayList<>();
    try (Kernels kernels = PlainKernels.of(1);
        LanguageModel model = DecoderModel.create(TinyRun.CONFIG, kernels, Precision.FLOAT32, 1)) {
      float[] before = model.weights().toFloats();
      new TrainingLoop(model, kernels, new Alone(), data, options).telling(listener(told)).run();
      return new Told(told.get(0), before, model.weights().toFloats());
    }
  }

  private static TrainingListener listener(List<Progress> told) {
    return new TrainingListener() {
      @Override
      public void progressed(Progress progress) {
        told.add(progress);
      }
    };
  }

  @Test
  void oneLabelAndThreeLabelsWeighOneToThreeHoweverTheBatchIsCut() {
    OptimizerRecipe recipe = Sgd.Recipe.plain(0.1);
    Told cut = step(recipe, (s, v, a) -> batch(a == 0 ? 1 : 3), 2);
    Told whole = step(recipe, (s, v, a) -> batch(1, 3), 1);
    assertThat(cut.progress.labels()).isEqualTo(4);
    assertThat(cut.progress.loss()).isCloseTo(whole.progress.loss(), within(1e-6));
    assertThat(cut.progress.gradientNorm()).isCloseTo(whole.progress.gradientNorm(), within(1e-6));
    assertThat(cut.after).usingComparatorWithPrecision(1e-6f).containsExactly(whole.after);
    assertThat(cut.after).isNotEqualTo(cut.before);
    double one = step(recipe, (s, v, a) -> batch(1), 1).progress.loss();
    double three = step(recipe, (s, v, a) -> batch(3), 1).progress.loss();
    assertThat(whole.progress.loss()).isCloseTo((one + 3 * three) / 4, within(1e-6));
  }

  static List<OptimizerRecipe> recipes() {
    return List.of(AdamW.Recipe.of(1e-2), new Sgd.Recipe(0.1, 0.9, true, 0.1), TinyRun.MUON);
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void aStepWithoutLabelsLeavesEveryBitAndLogsNoNaN(OptimizerRecipe recipe) {
    Told told = step(recipe, (s, v, a) -> batch(0, 0), 2);
    assertThat(told.after).isEqualTo(told.before);
    assertThat(told.progress.loss()).isZero();
    assertThat(told.progress.gradientNorm()).isZero();
    assertThat(ProgressLine.of(told.progress)).contains("no label counts").doesNotContain("NaN");
  }

  @Test
  void aRowWithoutLabelsBesideAGoodOneChangesNothing() {
    OptimizerRecipe recipe = Sgd.Recipe.plain(0.1);
    Told alone = step(recipe, (s, v, a) -> batch(3), 1);
    Told beside = step(recipe, (s, v, a) -> batch(3, 0), 1);
    assertThat(beside.progress.loss()).isCloseTo(alone.progress.loss(), within(1e-6));
    assertThat(beside.after).usingComparatorWithPrecision(1e-6f).containsExactly(alone.after);
  }

  @Test
  void aStepWithoutLabelsIsNoUpdateForTheOptimizersCount() {
    BatchSource<Batch> skipping = (step, v, a) -> step == 1 ? batch(0) : TinyRun.random(step - 1, v, a);
    RunOptions.Builder options = RunOptions.of(4, AdamW.Recipe.of(1e-3)).virtualRanks(2);
    TinyRun.Ended skipped = TinyRun.train(2, options.build(), Precision.FLOAT32, 1, skipping, l -> l);
    TinyRun.Ended three = TinyRun.train(1, RunOptions.of(3, AdamW.Recipe.of(1e-3)).virtualRanks(2).build());
    assertThat(skipped.weightsSha256()).isEqualTo(three.weightsSha256());
  }
}
