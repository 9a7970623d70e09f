package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.transport.RankLostException;
import org.junit.jupiter.api.Test;

class RetriesTest {
  private static final RankLostException LOST = new RankLostException("rank 1 is gone");
  private final Retries retries = new Retries(new ClusterSettings(0, 45, 4, KernelChoice.PLAIN, "0", 5), "runs/books");

  private static RankLostException failed(int rank, String what) {
    String stack = what
        + "\n\tat dev.kindling.train.Layer.forward(Layer.java:7)\n\tat dev.kindling.train.Loop.run(Loop.java:1)";
    return new RankFailedException(new DriverLine.Failure(rank, false, false, what, stack), null);
  }

  @Test
  void lossesAreCountedAnewAfterEachCheckpoint() {
    for (int step = 1; step < 20; step++) {
      retries.failed(step, LOST);
      retries.failed(step, LOST);
    }
    retries.failed(19, LOST);
    retries.failed(19, LOST);
    assertThatThrownBy(() -> retries.failed(19, LOST)).isInstanceOf(RunGivenUpException.class).hasMessage(
        "cluster.retries is 4; the run failed 5 times in a row without a new checkpoint in between, last: rank 1 is gone; "
            + "what is done is in runs/books (step 19): run again to go on, or raise cluster.retries");
  }

  @Test
  void aBugThatComesAgainFromTheSameCheckpointEndsTheRunWithItsCauseAndItsPlace() {
    retries.failed(40, failed(1, "java.lang.ArithmeticException: / by zero"));
    retries.failed(40, LOST);                    // a loss in between says nothing about it
    assertThatThrownBy(() -> retries.failed(40, failed(0, "java.lang.ArithmeticException: / by zero")))
        .isInstanceOf(RunGivenUpException.class)
        .hasMessageStartingWith("the run failed twice in the same way from the same checkpoint: rank 0 failed: "
            + "java.lang.ArithmeticException: / by zero, at dev.kindling.train.Layer.forward(Layer.java:7) "
            + "(the whole stack is in the driver's log")
        .hasMessageContaining("what is done is in runs/books (step 40)");
  }

  @Test
  void theSameFailureAfterANewCheckpointAndAnotherFailureAreTriedAgain() {
    retries.failed(40, failed(1, "java.lang.IllegalStateException: odd"));
    retries.failed(50, failed(1, "java.lang.IllegalStateException: odd"));
    assertThatCode(() -> retries.failed(50, failed(1, "java.lang.IllegalStateException: even")))
        .doesNotThrowAnyException();
  }

  @Test
  void aDiskOrANetworkThatFailsMayBeMendedMeanwhile() {
    RankLostException full = failed(1, "java.io.UncheckedIOException: java.io.IOException: No space left on device");
    for (int i = 0; i < 4; i++) retries.failed(0, full);
    assertThatThrownBy(() -> retries.failed(0, full)).isInstanceOf(RunGivenUpException.class)
        .hasMessageContaining("cluster.retries is 4").hasMessageContaining("No space left on device");
  }
}
