package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightsHash;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.train.optim.AveragedWeights;
import dev.kindling.train.optim.OptimizerRecipe;
import dev.kindling.train.tensor.Precision;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.OptionalDouble;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that keeps an average of its weights. */
class AveragedRunTest {
  private static final OptimizerRecipe AVERAGED = new AveragedWeights.Recipe(TinyRun.MUON, 0.9);

  /** What the evaluations saw, by hash. */
  private static Set<String> train(int worldSize, long stopAfter, Path folder) {
    Set<String> seen = Collections.synchronizedSet(new HashSet<>());
    RunOptions options = RunOptions.of(5, AVERAGED).virtualRanks(4).stopAfter(stopAfter).build();
    Checkpoints checkpoints = TinyRun.in(folder);
    TinyRun.train(worldSize, options, Precision.FLOAT32, 1, TinyRun.DATA, (loop, model) -> loop
        .saving(checkpoints).evaluating((all, watch) -> {
          seen.add(WeightsHash.sha256(model.weightSource()));
          return OptionalDouble.of(1);
        }).evaluatingAverages());
    return seen;
  }

  @Test
  void evaluationsSeeTheAverageThatTheCheckpointHoldsOnAnyNumberOfRanks(@TempDir Path folder) {
    Set<String> alone = train(1, 0, folder.resolve("alone"));
    assertThat(alone).hasSize(1);
    assertThat(stored(folder.resolve("alone"), true)).isEqualTo(alone.iterator().next());
    train(3, 2, folder.resolve("parts"));
    assertThat(train(2, 0, folder.resolve("parts"))).isEqualTo(alone);
    assertThat(stored(folder.resolve("parts"), true)).isEqualTo(alone.iterator().next());
  }

  @Test
  void trainingDoesNotNoticeTheAverage(@TempDir Path folder) {
    train(2, 0, folder.resolve("averaged"));
    String without = TinyRun.train(1, RunOptions.of(5, TinyRun.MUON).virtualRanks(4).build()).weightsSha256();
    assertThat(stored(folder.resolve("averaged"), false)).isEqualTo(without);
  }

  private static String stored(Path folder, boolean average) {
    String newest = TinyRun.newest(TinyRun.in(folder)).orElseThrow();
    Checkpoint checkpoint = Checkpoint.open(new Configuration(), new org.apache.hadoop.fs.Path(newest));
    try (ModelFolder model = average ? checkpoint.model(AveragedWeights.STATE) : checkpoint.model()) {
      return WeightsHash.sha256(model.weights());
    }
  }

  @Test
  void aRunWithoutAnAverageHasNoneToOpen(@TempDir Path folder) {
    Checkpoints checkpoints = TinyRun.in(folder);
    TinyRun.train(2, RunOptions.of(1, TinyRun.MUON).virtualRanks(2).build(), Precision.FLOAT32, 1, TinyRun.DATA,
        loop -> loop.saving(checkpoints));
    assertThatThrownBy(() -> stored(folder, true)).isInstanceOf(UserError.class)
        .hasMessageContaining("holds no average of transformer.wte.weight: its run did not keep one");
  }
}
