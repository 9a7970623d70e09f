package dev.kindling.jobs.train;

import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.TimeUnit;

/**
 * A run's folder as the driver asks it when an attempt has failed: what failed may have been the file system itself, such as
 * a name node that starts again, so that it is given some time.
 *
 * @param seconds after which the run is given up
 */
record PatientStore(CheckpointStore store, String run, int seconds) {
  private static final long AGAIN_MILLIS = 500;

  /** What is asked of the folder. */
  @FunctionalInterface
  private interface Question<T> {
    T ask() throws IOException;
  }

  /** @param why the attempt failed */
  long newestStep(Exception why) {
    return patiently(() -> store.committed().stream().mapToLong(Checkpoint::step).max().orElse(0), why);
  }

  /** @param why the attempt before failed */
  long claimEpoch(Exception why) {
    return patiently(store::claimEpoch, why);
  }

  private <T> T patiently(Question<T> question, Exception why) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (true) {
      try {
        return question.ask();
      } catch (IOException | UncheckedIOException e) {
        if (System.nanoTime() > end) {
          throw new RunGivenUpException(why.getMessage() + "; and for " + seconds + " s (cluster.waitSeconds) " + run
              + " could not be reached: " + e.toString().lines().findFirst().orElse("")
              + "; what was committed stays: run again to go on when it can", e);
        }
      }
      try {
        Thread.sleep(AGAIN_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while " + run + " was waited for", e);
      }
    }
  }
}
