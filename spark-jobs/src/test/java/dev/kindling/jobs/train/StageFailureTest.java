package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.transport.RankLostException;
import java.util.List;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;

class StageFailureTest {
  private static final DriverLine.Failure LOST = new DriverLine.Failure(0, false, true, "rank 1 is lost", "");
  private static final DriverLine.Failure MISTAKE = new DriverLine.Failure(1, true, false, "the shard is damaged",
      "");

  private static RuntimeException of(String spark, DriverLine.Failure... told) {
    return StageFailure.of(List.of(told), new SparkException(spark));
  }

  @Test
  void aLostPeerOrExecutorIsALoss() {
    assertThat(of("Job aborted due to stage failure", LOST)).isInstanceOf(RankLostException.class)
        .hasMessageContaining("rank 1 is lost");
    assertThat(of("Job aborted due to stage failure: barrier task failed.\nExecutorLostFailure (executor 1 exited)"))
        .isInstanceOf(RankLostException.class);
  }

  @Test
  void whatFailsBeforeAnyRankSpeaksIsNone() {
    assertThat(of("Job aborted due to stage failure: Task not serializable"))
        .isInstanceOf(IllegalStateException.class).hasMessageContaining("Task not serializable");
  }

  @Test
  void aCancelledRunIsNoneAlthoughItsRanksMissOneAnother() {
    assertThat(of("[SPARK_JOB_CANCELLED] Job 3 cancelled as part of cancellation of all jobs", LOST))
        .isInstanceOf(UserError.class).hasMessageContaining("the run was stopped: ").hasMessageContaining("Job 3");
  }

  @Test
  void aMistakeOnOneRankIsToldWhateverTheOthersSay() {
    assertThat(of("Job aborted due to stage failure", LOST, MISTAKE)).isInstanceOf(UserError.class)
        .hasMessage("the shard is damaged");
  }
}
