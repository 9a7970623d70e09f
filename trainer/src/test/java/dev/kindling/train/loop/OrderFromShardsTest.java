package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.model.Batch;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs over a dataset of 30 rows, each known by its first token: which rows they read, when, as which virtual rank. */
class OrderFromShardsTest {
  private static final int TIME = 6, ROWS = 30, STEPS = 11, VIRTUAL_RANKS = 4;
  @TempDir
  Path folder;

  /** Passes on what it is asked for, and keeps what that was: the first token of each sequence, by micro-batch. */
  private record Recorded(BatchSource<Batch> source, SortedMap<String, List<Integer>> seen)
      implements
        BatchSource<Batch> {
    @Override
    public Batch batch(long step, int virtualRank, int accumulation) {
      Batch batch = source.batch(step, virtualRank, accumulation);
      List<Integer> first = IntStream.range(0, batch.rows()).mapToObj(i -> batch.inputs()[i * batch.time()]).toList();
      List<Integer> before = seen.put(String.format("step %02d, %d, %d", step, virtualRank, accumulation), first);
      assertThat(before).as("read by two ranks").isNull();
      return batch;
    }
  }

  private PackedDataset dataset(int rowsPerShard) throws IOException {
    Path where = folder.resolve("shards-of-" + rowsPerShard);
    Files.createDirectories(where);
    return TinyDataset.write(where, ROWS * TIME, rowsPerShard);
  }

  private static RunOptions.Builder options() {
    return RunOptions.of(STEPS, AdamW.Recipe.of(1e-3)).virtualRanks(VIRTUAL_RANKS).microBatch(2).accumulate(2).seed(5);
  }

  private static SortedMap<String, List<Integer>> read(int ranks, PackedDataset dataset, RunOptions options,
      Checkpoints saved) {
    SortedMap<String, List<Integer>> seen = new ConcurrentSkipListMap<>();
    Recorded batches = new Recorded(new PackedBatches<>(dataset, options, 0, RowObjectives::nextTokens), seen);
    TinyRun.train(ranks, options, Precision.FLOAT32, 1, batches, loop -> saved == null ? loop : loop.saving(saved));
    return seen;
  }

  @Test
  void oneTwoAndThreeRanksReadTheSameSequencesHoweverTheShardsAreCut() throws IOException {
    SortedMap<String, List<Integer>> alone = read(1, dataset(ROWS), options().build(), null);
    assertThat(alone).hasSize(STEPS * VIRTUAL_RANKS * 2);
    for (int rowsPerShard : new int[]{ROWS, 7, 4}) {
      for (int ranks = 1; ranks <= 3; ranks++)
        assertThat(read(ranks, dataset(rowsPerShard), options().build(), null)).as("%d ranks", ranks).isEqualTo(alone);
    }
    List<Integer> sequence = alone.values().stream().flatMap(List::stream).toList();
    List<Integer> all = IntStream.range(0, ROWS).mapToObj(row -> row * TIME % 31).sorted().toList();
    for (int epoch = 0; epoch < STEPS * VIRTUAL_RANKS * 4 / ROWS; epoch++) {
      List<Integer> rows = sequence.subList(epoch * ROWS, (epoch + 1) * ROWS);
      assertThat(rows).as("epoch %d", epoch).isNotEqualTo(all).containsExactlyInAnyOrderElementsOf(all);
    }
  }

  @Test
  void aRunThatGoesOnAtAnyStepReadsWhatItWouldHaveRead() throws IOException {
    SortedMap<String, List<Integer>> alone = read(1, dataset(ROWS), options().build(), null);
    Random random = new Random();
    for (int ranks = 1; ranks <= 3; ranks++) {
      int step = 1 + random.nextInt(STEPS - 1);
      Path run = folder.resolve("run-" + ranks);
      int before = 1 + random.nextInt(3);
      Map<String, List<Integer>> first = read(before, dataset(7), options().stopAfter(step).build(), TinyRun.in(run));
      Map<String, List<Integer>> rest = read(ranks, dataset(4), options().build(), TinyRun.in(run));
      String told = before + " ranks until step " + step + ", then " + ranks;
      assertThat(rest.keySet()).as(told).hasSize((STEPS - step) * VIRTUAL_RANKS * 2)
          .doesNotContainAnyElementsOf(first.keySet());
      SortedMap<String, List<Integer>> both = new TreeMap<>(first);
      both.putAll(rest);
      assertThat(both).as(told).isEqualTo(alone);
    }
  }
}
