package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.DropoutRates;
import dev.kindling.checkpoint.WeightsHash;
import dev.kindling.train.model.Batch;
import dev.kindling.train.optim.Adafactor;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.optim.AveragedWeights;
import dev.kindling.train.optim.CosineSchedule;
import dev.kindling.train.optim.Lion;
import dev.kindling.train.optim.OptimizerRecipe;
import dev.kindling.train.optim.ParameterGroup;
import dev.kindling.train.optim.ParameterGroups;
import dev.kindling.train.optim.Sgd;
import dev.kindling.train.tensor.Precision;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The number of ranks, of threads and of interruptions does not show in the weights. */
class SameBitsTest {
  private static RunOptions.Builder options(int virtualRanks) {
    return RunOptions.of(5, TinyRun.MUON).virtualRanks(virtualRanks).accumulate(2).microBatch(2).seed(3)
        .schedule(new CosineSchedule(2, 5, 0.1)).logEvery(2);
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void oneTwoThreeAndEightRanksEndWithTheSameWeights(Precision precision) {
    RunOptions options = options(8).build();
    TinyRun.Ended alone = TinyRun.train(1, options, precision, 1, TinyRun.DATA, l -> l);
    for (int worldSize : new int[]{2, 3, 8}) {
      TinyRun.Ended ended = TinyRun.train(worldSize, options, precision, 1, TinyRun.DATA, l -> l);
      assertThat(ended.weightsSha256()).as("%d ranks", worldSize).isEqualTo(alone.weightsSha256());
      assertThat(ended.result().history()).isEqualTo(alone.result().history());
    }
  }

  static Stream<Arguments> others() {
    OptimizerRecipe adamw = AdamW.Recipe.of(1e-3);
    OptimizerRecipe sgd = new Sgd.Recipe(0.1, 0.9, true, 0.01);
    return Stream.of(Arguments.of(5, 2, adamw), Arguments.of(6, 4, adamw), Arguments.of(5, 3, sgd),
        Arguments.of(6, 5, TinyRun.MUON), Arguments.of(3, 3, sgd), Arguments.of(6, 4, Adafactor.Recipe.of(1e-2, 0.1)),
        Arguments.of(5, 3, new Lion.Recipe(1e-3, 0.9, 0.99, 0.1)));
  }

  @ParameterizedTest
  @MethodSource("others")
  void soItIsForVirtualRanksThatAreNoPowerOfTwo(int virtualRanks, int worldSize, OptimizerRecipe recipe) {
    RunOptions options = RunOptions.of(3, recipe).virtualRanks(virtualRanks).build();
    assertThat(TinyRun.train(worldSize, options).weightsSha256()).isEqualTo(TinyRun.train(1, options).weightsSha256());
  }

  @Test
  void threadsDoNotShowEither() {
    RunOptions options = options(4).build();
    TinyRun.Ended one = TinyRun.train(1, options, Precision.BFLOAT16, 1, TinyRun.DATA, l -> l);
    TinyRun.Ended three = TinyRun.train(2, options, Precision.BFLOAT16, 3, TinyRun.DATA, l -> l);
    assertThat(three.weightsSha256()).isEqualTo(one.weightsSha256());
  }

  @Test
  void whatIsDroppedOutDependsNeitherOnRanksAndThreadsNorOnAnInterruption(@TempDir Path folder) {
    RunOptions.Builder options = options(8).checkpointEvery(2);
    TinyRun.Ended alone = dropping(1, options.build(), 1, l -> l);
    assertThat(alone.weightsSha256()).isNotEqualTo(TinyRun.train(1, options.build()).weightsSha256());
    assertThat(dropping(1, options.seed(4).build(), 1, l -> l).weightsSha256()).isNotEqualTo(alone.weightsSha256());
    options.seed(3);
    for (int worldSize : new int[]{2, 3}) {
      assertThat(dropping(worldSize, options.build(), 2, l -> l).weightsSha256()).isEqualTo(alone.weightsSha256());
    }
    dropping(3, options.stopAfter(3).build(), 1, with(TinyRun.in(folder)));
    TinyRun.Ended last = dropping(2, options.stopAfter(0).build(), 1, with(TinyRun.in(folder)));
    assertThat(last.weightsSha256()).isEqualTo(alone.weightsSha256());
  }

  private static TinyRun.Ended dropping(int worldSize, RunOptions options, int threads,
      java.util.function.UnaryOperator<TrainingLoop> more) {
    return TinyRun.train(TinyRun.CONFIG.withDropout(DropoutRates.of(0.2f)), worldSize, options, Precision.FLOAT32,
        threads, TinyRun.DATA, (loop, model) -> more.apply(loop));
  }

  @Test
  void virtualRanksDoShowInTheLastBits() {
    // else the tests above would prove nothing
    BatchSource<Batch> bySample = (step, v, a) -> TinyRun.random(step, 2 * v + a, 0);
    RunOptions eight = RunOptions.of(3, TinyRun.MUON).virtualRanks(8).accumulate(1).build();
    RunOptions four = RunOptions.of(3, TinyRun.MUON).virtualRanks(4).accumulate(2).build();
    TinyRun.Ended byEight = TinyRun.train(1, eight, Precision.FLOAT32, 1, (s, v, a) -> TinyRun.random(s, v, 0), l -> l);
    TinyRun.Ended byFour = TinyRun.train(1, four, Precision.FLOAT32, 1, bySample, l -> l);
    assertThat(byFour.weightsSha256()).isNotEqualTo(byEight.weightsSha256());
    assertThat(byFour.weights()).usingComparatorWithPrecision(1e-3f).containsExactly(byEight.weights());
  }

  @ParameterizedTest
  @EnumSource(Precision.class)
  void aRunThatIsStoppedTwiceAndGoesOnWithOtherRanksEqualsTheUninterruptedOne(Precision precision,
      @TempDir Path folder) {
    RunOptions.Builder options = options(8).checkpointEvery(2);
    TinyRun.Ended whole = TinyRun.train(2, options.build(), precision, 1, TinyRun.DATA,
        with(TinyRun.in(folder.resolve("whole"))));
    TinyRun.Ended first = part(3, options.stopAfter(1).build(), precision, folder);
    assertThat(first.result().finished()).isFalse();
    assertThat(first.result().step()).isEqualTo(1);
    assertThat(part(1, options.stopAfter(4).build(), precision, folder).result().step()).isEqualTo(4);
    TinyRun.Ended last = part(5, options.stopAfter(0).build(), precision, folder);
    assertThat(last.result().finished()).isTrue();
    assertThat(last.weightsSha256()).isEqualTo(whole.weightsSha256());
    assertThat(last.result().history()).isEqualTo(whole.result().history());
    assertThat(last.result().tokens()).isEqualTo(whole.result().tokens() / 5);
  }

  static Stream<OptimizerRecipe> recipes() {
    OptimizerRecipe grouped = ParameterGroups.Recipe.of(TinyRun.MUON, ParameterGroup.vectorsWithoutDecay());
    return Stream.of(AdamW.Recipe.of(1e-3), new Sgd.Recipe(0.1, 0.9, true, 0.01), Adafactor.Recipe.of(1e-2, 0.1),
        new Lion.Recipe(1e-3, 0.9, 0.99, 0.1), new AveragedWeights.Recipe(grouped, 0.9));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void soItIsForEveryOptimizer(OptimizerRecipe recipe, @TempDir Path folder) {
    RunOptions.Builder options = RunOptions.of(4, recipe).virtualRanks(6);
    TinyRun.Ended whole = TinyRun.train(1, options.build());
    part(3, options.stopAfter(2).build(), Precision.FLOAT32, folder);
    TinyRun.Ended last = part(2, options.stopAfter(0).build(), Precision.FLOAT32, folder);
    assertThat(last.weightsSha256()).isEqualTo(whole.weightsSha256());
  }

  private static TinyRun.Ended part(int worldSize, RunOptions options, Precision precision, Path folder) {
    return TinyRun.train(worldSize, options, precision, 1, TinyRun.DATA, with(TinyRun.in(folder.resolve("parts"))));
  }

  private static java.util.function.UnaryOperator<TrainingLoop> with(Checkpoints checkpoints) {
    return loop -> loop.saving(checkpoints);
  }

  @Test
  void aFinishedRunHasNothingToDoAndItsCheckpointHoldsItsWeights(@TempDir Path folder) {
    RunOptions options = options(4).build();
    TinyRun.Ended first = part(2, options, Precision.FLOAT32, folder);
    TinyRun.Ended again = part(1, options, Precision.FLOAT32, folder);
    assertThat(again.result().finished()).isTrue();
    assertThat(again.result().tokens()).isZero();
    assertThat(again.result().history()).isEqualTo(first.result().history());
    assertThat(again.weightsSha256()).isEqualTo(first.weightsSha256());
    Checkpoints checkpoints = TinyRun.in(folder.resolve("parts"));
    try (var stored = dev.kindling.checkpoint.folder.ModelFolder.open(new org.apache.hadoop.conf.Configuration(),
        new org.apache.hadoop.fs.Path(TinyRun.newest(checkpoints).orElseThrow()))) {
      assertThat(WeightsHash.sha256(stored.weights())).isEqualTo(first.weightsSha256());
    }
  }
}
