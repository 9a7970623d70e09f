package dev.kindling.jobs.train;

import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
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

  /** Damages the newest whole one, if it is not the only one. Ranks that still live may delete it at this moment. */
  void more() {
    try {
      for (List<Path> whole = whole(); whole.size() > 1; whole = whole()) { if (damaged(whole.get(0))) return; }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The whole ones, the newest first. */
  private List<Path> whole() throws IOException {
    List<Path> whole = new ArrayList<>();
    for (Checkpoint c : new CheckpointStore(new Configuration(), new org.apache.hadoop.fs.Path(run.toString()))
        .committed()) {
      try {
        c.verify();
        whole.add(Path.of(c.path().toUri().getPath()));
      } catch (UserError e) {
        // damaged before, or being deleted
      }
    }
    return whole;
  }

  /** @return false where the run was deleting it meanwhile: it takes the manifest first */
  private boolean damaged(Path folder) throws IOException {
    int kind = done.size() % 4;
    try {
      switch (kind) {
        case 0 -> change(folder.resolve("model.safetensors"));
        case 1 -> cut(shard(folder));
        case 2 -> cut(folder.resolve("manifest.json"));
        default -> Files.delete(folder.resolve("trainer_state.json"));
      }
    } catch (NoSuchFileException e) {
      if (kind != 2 && Files.exists(folder.resolve("manifest.json"))) throw e;
      return false;
    }
    done.add(folder.getFileName() + " " + List.of("changed", "cut", "no manifest", "no state").get(kind));
    return true;
  }

  private static Path shard(Path folder) throws IOException {
    try (Stream<Path> shards = Files.list(folder.resolve("optimizer"))) {
      return shards.sorted().reduce((a, b) -> b).orElseThrow();
    }
  }

  private static void change(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes, WRITE, TRUNCATE_EXISTING);
  }

  private static void cut(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length * 2 / 3), WRITE, TRUNCATE_EXISTING);
  }
}
