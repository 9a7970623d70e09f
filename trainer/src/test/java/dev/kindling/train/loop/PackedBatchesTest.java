package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Batch;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class PackedBatchesTest {
  private static RunOptions options(long steps) {
    return RunOptions.of(steps, AdamW.Recipe.of(1e-3)).virtualRanks(2).build();
  }

  @Test
  void anEpochReadsEveryRowOnceWhoeverReadsIt(@TempDir Path folder) throws IOException {
    PackedDataset dataset = TinyDataset.write(folder, 18 * 6, 8);
    RunOptions options = RunOptions.of(3, AdamW.Recipe.of(1e-3)).virtualRanks(3).microBatch(1).accumulate(2).build();
    BatchSource<Batch> batches = new PackedBatches<>(dataset, options, 0, RowObjectives::nextTokens);
    List<Long> seen = new ArrayList<>();
    for (int step = 1; step <= 3; step++) {
      for (int v = 0; v < 3; v++) for (int a = 0; a < 2; a++) seen.add(batches.batch(step, v, a).sampleIds()[0]);
    }
    assertThat(seen).doesNotHaveDuplicates().hasSize(18).isNotEqualTo(seen.stream().sorted().toList());
  }

  /** Three rows, and a batch of two epochs. */
  @Test
  void aRowThatIsTwiceInABatchIsNamedOnce(@TempDir Path folder) throws IOException {
    PackedDataset dataset = TinyDataset.write(folder, 3 * 6, 8);
    RunOptions six = RunOptions.of(1, AdamW.Recipe.of(1e-3)).virtualRanks(1).microBatch(6).accumulate(1).build();
    String told = new PackedBatches<>(dataset, six, 0, RowObjectives::nextTokens).describe(1, 0, 0);
    assertThat(told.split("; ")).hasSize(3).allMatch(row -> row.startsWith("row ") && row.endsWith(", 2 times"));
  }

  @Test
  void microBatchAndAccumulationCutTheSameSamplesInTheSameOrder(@TempDir Path folder) throws IOException {
    PackedDataset dataset = TinyDataset.write(folder, 50, 4);
    RunOptions.Builder options = RunOptions.of(3, AdamW.Recipe.of(1e-3)).virtualRanks(2);
    BatchSource<Batch> two = new PackedBatches<>(dataset, options.microBatch(2).accumulate(1).build(), 0,
        RowObjectives::nextTokens);
    BatchSource<Batch> one = new PackedBatches<>(dataset, options.microBatch(1).accumulate(2).build(), 0,
        RowObjectives::nextTokens);
    for (int step = 1; step < 20; step++) {
      for (int a = 0; a < 2; a++) {
        assertThat(one.batch(step, 1, a).sampleIds()[0]).isEqualTo(two.batch(step, 1, 0).sampleIds()[a]);
      }
    }
  }

  @Test
  void targetsAreTheNextTokensAndWhatFillsTheLastRowUpDoesNotCount(@TempDir Path folder) throws IOException {
    Batch batch = RowObjectives.nextTokens(TinyDataset.write(folder, 2 * 6 + 2, 8), new long[]{1, 2}, 1);
    assertThat(batch.inputs()).startsWith(6, 7, 8, 9, 10, 11, 12, 13);
    assertThat(batch.targets()).containsExactly(7, 8, 9, 10, 11, 12, 13, 14, Kernels.IGNORED, Kernels.IGNORED,
        Kernels.IGNORED, Kernels.IGNORED);
    assertThat(batch.labels()).isEqualTo(8);
  }

  /** Shards of 8, 8 and 2 rows, two ranks (parcae#12, tensorflow#26222: the one with less data left, the other hung). */
  @Test
  @Timeout(60)
  void shardsOfUnequalSizeLastForAllStepsAskedForOrTheRunSaysHowMany(@TempDir Path folder) throws IOException {
    PackedDataset dataset = TinyDataset.write(folder, 18 * 6, 8);
    RunOptions nine = options(9);
    TinyRun.Ended ended = TinyRun.train(2, nine, Precision.FLOAT32, 1,
        new PackedBatches<>(dataset, nine, 1, RowObjectives::nextTokens), l -> l);
    assertThat(ended.result().step()).isEqualTo(9);
    assertThat(ended.result().tokens()).isEqualTo(18 * 6);
    RunOptions twelve = options(12);
    assertThatThrownBy(
        () -> TinyRun.train(2, twelve, Precision.FLOAT32, 1,
            new PackedBatches<>(dataset, twelve, 1, RowObjectives::nextTokens), l -> l))
        .isInstanceOf(UserError.class).hasMessage("steps is 12; there is data for 9: epochs is 1, the dataset has 18 "
            + "rows and a step reads 2 of them; raise epochs or lower steps");
    assertThat(TinyRun
        .train(2, twelve, Precision.FLOAT32, 1, new PackedBatches<>(dataset, twelve, 0, RowObjectives::nextTokens),
            l -> l)
        .result()
        .step()).isEqualTo(12);
  }
}
