package dev.kindling.jobs.train;

import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/** What disks do to the newest checkpoint of a run: a bit changes, a file is cut off or lost, in turn. */
final class DamagedCheckpoints {
  private final Path run;
  private final List<String> done = new ArrayList<>();

  DamagedCheckpoints(Path run) {
    this.run = run;
  }

  /** What was done so far. */
  List<String> done() {
    return List.copyOf(done);
  }

  /** Damages the newest whole one, if it is not the only one. */
  void more() {
    try {
      List<Checkpoint> committed = new CheckpointStore(new Configuration(),
          new org.apache.hadoop.fs.Path(run.toString()))
          .committed();
      if (committed.size() < 2) return;
      Path folder = Path.of(committed.get(0).path().toUri().getPath());
      switch (done.size() % 4) {
        case 0 -> change(folder.resolve("model.safetensors"));
        case 1 -> cut(shard(folder));
        case 2 -> cut(folder.resolve("manifest.json"));
        default -> Files.delete(folder.resolve("trainer_state.json"));
      }
      done.add(folder.getFileName() + " " + List.of("changed", "cut", "no manifest", "no state").get(done.size() % 4));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path shard(Path folder) throws IOException {
    try (Stream<Path> shards = Files.list(folder.resolve("optimizer"))) {
      return shards.sorted().reduce((a, b) -> b).orElseThrow();
    }
  }

  private static void change(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
  }

  private static void cut(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length * 2 / 3));
  }
}
