package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.jobs.transport.RankLostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Ranks find one another through the driver. */
class MeetingTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static SparkSession spark;

  @BeforeAll
  static void start() {
    spark = Sessions.local(1);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  @Test
  void everyRankLearnsWhatAllTold() throws Exception {
    ExecutorService ranks = Executors.newFixedThreadPool(3);
    try (DriverLine line = new DriverLine(spark.sparkContext(), told -> {})) {
      List<Future<List<String>>> met = new ArrayList<>();
      for (int rank : new int[]{2, 0, 1}) {
        ToDriver driver = ToDriver.connect(line.name());
        met.add(ranks.submit(() -> driver.meet(rank, 3, "host-" + rank, LONG, () -> false)));
      }
      for (Future<List<String>> each : met) assertThat(each.get()).containsExactly("host-0", "host-1", "host-2");
    } finally {
      ranks.shutdownNow();
    }
  }

  @Test
  void aRankThatIsToldToEndWaitsForNoOther() {
    try (DriverLine line = new DriverLine(spark.sparkContext(), told -> {})) {
      AtomicBoolean asked = new AtomicBoolean();
      assertThatThrownBy(() -> ToDriver.connect(line.name()).meet(0, 2, "here", LONG, () -> asked.getAndSet(true)))
          .isInstanceOf(RankLostException.class).hasMessageContaining("told to end");
    }
  }

  @Test
  void aLaterAttemptsRanksMeetOnlyOneAnother() throws Exception {
    try (DriverLine first = new DriverLine(spark.sparkContext(), told -> {});
        DriverLine second = new DriverLine(spark.sparkContext(), told -> {})) {
      assertThat(ToDriver.connect(first.name()).meet(0, 1, "old", LONG, () -> false)).containsExactly("old");
      assertThat(ToDriver.connect(second.name()).meet(0, 1, "new", LONG, () -> false)).containsExactly("new");
    }
  }

  @Test
  void ranksThatDoNotComeAreNamedToThoseThatWaited() throws Exception {
    Duration brief = Duration.ofMillis(1500);                // a loaded machine may let the other come much later
    ExecutorService ranks = Executors.newFixedThreadPool(2);
    try (DriverLine line = new DriverLine(spark.sparkContext(), told -> {})) {
      List<Future<List<String>>> met = new ArrayList<>();
      ToDriver driver = ToDriver.connect(line.name());
      for (int rank : new int[]{0, 2}) {
        met.add(ranks.submit(() -> driver.meet(rank, 4, "host-" + rank, brief, () -> false)));
      }
      for (Future<List<String>> each : met) {
        assertThatThrownBy(each::get).hasCauseInstanceOf(RankLostException.class)
            .hasMessageContaining("ranks 1, 3 of 4 had not come to meet the others after 1.5 s");
      }
    } finally {
      ranks.shutdownNow();
    }
  }

  @Test
  void ofManyThatDoNotComeTheFirstAreNamed() {
    try (DriverLine line = new DriverLine(spark.sparkContext(), told -> {})) {
      assertThatThrownBy(
          () -> ToDriver.connect(line.name()).meet(0, 40, "here", Duration.ofMillis(100), () -> false))
          .isInstanceOf(RankLostException.class).hasMessageContaining(
              "ranks 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 and 23 more of 40 had not come");
    }
  }

  @Test
  void theLongerARankWaitsTheMoreSeldomItAsks() {
    assertThat(ToDriver.pauseMillis(Duration.ZERO)).isEqualTo(20);
    assertThat(ToDriver.pauseMillis(Duration.ofSeconds(2))).isEqualTo(20);
    assertThat(ToDriver.pauseMillis(Duration.ofSeconds(10))).isEqualTo(100);
    assertThat(ToDriver.pauseMillis(Duration.ofMinutes(2))).isEqualTo(250);
  }
}
