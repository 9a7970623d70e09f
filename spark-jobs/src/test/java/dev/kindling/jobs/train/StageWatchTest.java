package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.loop.StopRequest;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkEnv;
import org.apache.spark.rpc.RpcTimeout;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.RpcUtils;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import scala.concurrent.duration.FiniteDuration;
import scala.reflect.ClassTag;

/** A rank that has given one sign of life and then no other, as looks of its driver see it that come when the test says. */
class StageWatchTest {
  private static final long MILLI = 1_000_000L;
  private static SparkSession spark;
  private DriverLine line;
  private StageWatch watch;
  private long heard;
  private long now;

  @BeforeAll
  static void start() {
    spark = Sessions.local(1);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  @AfterEach
  void close() {
    line.close();
  }

  @BeforeEach
  void aRankGivesASign() {
    line = new DriverLine(spark.sparkContext(), told -> {});
    assertThat(tell(DriverLine.ALIVE, "0", "driver")).isEqualTo(StopRequest.NONE.name());
    heard = line.signs().get(0).nanos();
    now = heard;
    watch = watch(1);
  }

  private Object tell(String... message) {
    return RpcUtils.makeDriverRef(line.name(), SparkEnv.get().conf(), SparkEnv.get().rpcEnv()).askSync(message,
        new RpcTimeout(new FiniteDuration(60, TimeUnit.SECONDS), "test"), ClassTag.Any());
  }

  private StageWatch watch(int ranks) {
    return new StageWatch(new ExecutorPool(spark.sparkContext()), line,
        new RankStage(ranks, 1, ranks, 1, ClusterSettings.defaults()), ranks, heard);
  }

  /** @return what the last look, or one before it, found */
  private Optional<String> look(int times, long everyMillis) {
    Optional<String> missed = Optional.empty();
    for (int i = 0; i < times && missed.isEmpty(); i++) {
      now += everyMillis * MILLI;
      missed = watch.look(now);
    }
    return missed;
  }

  @Test
  void aRankThatFreezesIsMissedWithinSixSeconds() {
    assertThat(look(25, 200)).isEmpty();
    assertThat(look(1, 200)).contains("rank 0 in executor driver has been silent for 5200 ms");
  }

  @Test
  void whatTheDriverMissedItselfIsNoSilence() {
    assertThat(look(12, 900)).isEmpty();                     // 10.8 s in which it looked as often as in 4.8 s at the most
    assertThat(look(1, 60_000)).isEmpty();                   // it stood still
    assertThat(line.signs().get(0).nanos()).isEqualTo(now);
    assertThat(look(25, 200)).isEmpty();
    assertThat(look(1, 200)).isPresent();
  }

  @Test
  void tooFewExecutorsAreTooFewForTwoSecondsInWhichTheDriverLooked() {
    watch = watch(2);
    assertThat(look(5, 200)).isEmpty();
    assertThat(look(1, 60_000)).isEmpty();                   // it stood still, which counts as two looks
    assertThat(look(3, 200)).isEmpty();
    assertThat(look(1, 200)).contains("before all ranks had started only 1 of 2 executors were left");
  }

  @Test
  void ranksHaveTheirTimeToStartAlsoWhereTheDriverStoodStill() {
    line.close();
    line = new DriverLine(spark.sparkContext(), told -> {});
    watch = watch(1);
    assertThat(look(70, 2_000)).isEmpty();                   // 140 s, and 120 are allowed
    assertThat(look(250, 2_000)).contains("0 of 1 ranks started within 120 s");
  }

  @Test
  void aStageThatFailsHasItsTimeToEndAlsoWhereTheDriverStoodStill() {
    tell(DriverLine.FAILED, "0", "false", "true", "rank 1 is lost", "");
    assertThat(line.failures()).hasSize(1);
    assertThat(look(1, 200)).isEmpty();
    assertThat(look(1, 60_000)).isEmpty();
  }

  @Test
  void aDriverThatIsAlwaysLateEndsAStageThatFailed() {
    tell(DriverLine.FAILED, "0", "false", "true", "rank 1 is lost", "");
    assertThat(look(20, 2_000)).isEmpty();
    assertThat(look(10, 2_000)).contains("rank 1 is lost");
  }
}
