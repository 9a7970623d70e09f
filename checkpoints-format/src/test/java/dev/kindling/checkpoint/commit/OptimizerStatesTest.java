package dev.kindling.checkpoint.commit;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static dev.kindling.checkpoint.TinyModel.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.CheckpointWriter.Written;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OptimizerStatesTest {
  /** Parameters side by side, as ranks cut them: name and elements. */
  private static final Map<String, Integer> SIZES = new TreeMap<>(Map.of("a.weight", 37, "b.bias", 1, "c.weight", 100));

  private static float value(String name, long element) {
    return name.hashCode() % 1000 + element * 0.5f;
  }

  /** What the rank holds that owns elements [from, to) of all parameters laid end to end. */
  private static List<OptimizerRange> owned(long from, long to) {
    List<OptimizerRange> ranges = new ArrayList<>();
    long base = 0;
    for (var p : SIZES.entrySet()) {
      long first = Math.max(from - base, 0), end = Math.min(to - base, p.getValue());
      for (String state : List.of("exp_avg/", "exp_avg_sq/")) {
        String name = state + p.getKey();
        if (first < end) {
          ranges.add(new OptimizerRange(name, first, end - first, (at, into, offset, n) -> {
            for (int i = 0; i < n; i++) into[offset + i] = value(name, first + at + i);
          }));
        }
      }
      base += p.getValue();
    }
    return ranges;
  }

  private static Checkpoint write(Path run, int ranks) throws IOException {
    CheckpointStore store = new CheckpointStore(CONF, hadoop(run));
    List<FileEntry> entries = new ArrayList<>();
    for (int r = 0; r < ranks; r++) {
      entries.add(store.begin(1, 1).optimizer(r, ranks, owned(138L * r / ranks, 138L * (r + 1) / ranks)));
    }
    return store.begin(1, 1).commit(List.of(new Written(entries, Map.of())), Json.object());
  }

  @Property(tries = 40)
  void anyRangeReadsBackWhateverNumberOfRanksWroteIt(@ForAll @IntRange(min = 1, max = 9) int ranks,
      @ForAll @LongRange(min = 0, max = 99) long from, @ForAll @IntRange(min = 0, max = 100) int length)
      throws IOException {
    Path run = Files.createTempDirectory("states");
    try (OptimizerStates states = write(run, ranks).optimizer()) {
      assertThat(states.names()).hasSize(6).contains("exp_avg/b.bias", "exp_avg_sq/c.weight");
      assertThat(states.size("exp_avg/c.weight")).isEqualTo(100);
      int count = (int) Math.min(length, 100 - from);
      float[] read = new float[count + 2], expected = new float[count + 2];
      states.read("exp_avg_sq/c.weight", from, read, 1, count);
      for (int i = 0; i < count; i++) expected[i + 1] = value("exp_avg_sq/c.weight", from + i);
      assertThat(read).containsExactly(expected);
    } finally {
      org.apache.hadoop.fs.FileUtil.fullyDelete(run.toFile());
    }
  }

  @Test
  void aMissingStateOrElementIsNamed(@TempDir Path run) throws Exception {
    CheckpointStore store = new CheckpointStore(CONF, hadoop(run));
    FileEntry first = store.begin(1, 1).optimizer(0, 2, owned(0, 50));
    try (OptimizerStates states = store.begin(1, 1)
        .commit(List.of(new Written(List.of(first), Map.of())), Json.object()).optimizer()) {
      assertThatThrownBy(() -> states.read("exp_avg/c.weight", 0, new float[100], 0, 100)).isInstanceOf(UserError.class)
          .hasMessageContaining("lacks element 12 of the optimizer state exp_avg/c.weight");
      assertThatThrownBy(() -> states.read("momentum/c.weight", 0, new float[1], 0, 1)).isInstanceOf(UserError.class)
          .hasMessageContaining("holds no optimizer state momentum/c.weight");
    }
  }

  @Test
  void twoShardsThatHoldTheSameElementsAreRefused(@TempDir Path run) throws Exception {
    CheckpointStore store = new CheckpointStore(CONF, hadoop(run));
    List<FileEntry> entries = List.of(store.begin(1, 1).optimizer(0, 2, owned(0, 60)),
        store.begin(1, 1).optimizer(1, 2, owned(59, 138)));
    Checkpoint checkpoint = store.begin(1, 1).commit(List.of(new Written(entries, Map.of())), Json.object());
    assertThatThrownBy(checkpoint::optimizer).isInstanceOf(UserError.class)
        .hasMessageContaining("two shards hold the same elements");
  }
}
