package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.train.DriverProcess.Ended;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two schedulers start the same run: two drivers, each a process, on one folder at the same time. */
@Tag("slow")
@Timeout(200)
class TwoDriversTest {
  @TempDir
  private Path folder;

  @Test
  void theOneThatBeganLaterGoesOnToTheSameWeightsAndTheOtherEndsAtItsNextCheckpoint() throws Exception {
    String dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 0);
    Ended whole = DriverProcess.pretrain("local[1]", dataset, folder.resolve("whole"), (line, process) -> {});
    assertThat(whole.code()).as(String.join("\n", whole.lines())).isZero();

    AtomicReference<CompletableFuture<Ended>> second = new AtomicReference<>();
    Ended first = DriverProcess.pretrain("local[1]", dataset, folder.resolve("run"), (line, process) -> {
      if (line.startsWith("step  60/600")) second.set(begin(dataset, process));
    });
    Ended later = second.get().join();
    assertThat(later.code()).as(String.join("\n", later.lines())).isZero();
    assertThat(later.weights()).isEqualTo(whole.weights());
    assertThat(first.code()).as(String.join("\n", first.lines())).isEqualTo(2);
    assertThat(first.lines().get(first.lines().size() - 1)).startsWith("kindling: ").contains("has taken over");
  }

  /** The first stands still until the second has begun to train: it does not end before. */
  private CompletableFuture<Ended> begin(String dataset, ProcessHandle first) {
    signal("STOP", first);
    return CompletableFuture.supplyAsync(() -> {
      try {
        return DriverProcess.pretrain("local[1]", dataset, folder.resolve("run"), (line, process) -> {
          if (line.startsWith("step 100/600")) signal("CONT", first);
        });
      } catch (IOException | InterruptedException e) {
        throw new CompletionException(e);
      } finally {
        signal("CONT", first);                   // where the second never came so far
      }
    });
  }

  private static void signal(String name, ProcessHandle process) {
    if (!process.isAlive()) return;
    try {
      new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
