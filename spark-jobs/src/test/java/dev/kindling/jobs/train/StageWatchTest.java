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
    Object order = RpcUtils.makeDriverRef(line.name(), SparkEnv.get().conf(), SparkEnv.get().rpcEnv()).askSync(
        new String[]{DriverLine.ALIVE, "0", "driver"},
        new RpcTimeout(new FiniteDuration(60, TimeUnit.SECONDS), "test"), ClassTag.Any());
    assertThat(order).isEqualTo(StopRequest.NONE.name());
    heard = line.signs().get(0).nanos();
    now = heard;
    watch = new StageWatch(new ExecutorPool(spark.sparkContext()), line,
        new RankStage(1, 1, 1, 1, ClusterSettings.defaults()), 1, heard);
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
}
