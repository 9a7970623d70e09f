package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.jobs.train.ClusterSettings;
import dev.kindling.train.collective.VirtualRankTree;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ranks 0 and 2 in this process, rank 1 in one of its own that is sent a signal while nobody waits for it. */
@Timeout(120)
class SignalsTest {
  private static final int WORLD_SIZE = 3;
  private static final long STANDSTILL_MILLIS = 200;
  private static final Duration SILENCE = Duration.ofMillis(
      Math.round(1_000 * ClusterSettings.defaults().silenceSeconds()));

  /** What a rank is told, and when. */
  private record Loss(RankLostException told, long nanoTime) {}

  @ParameterizedTest
  @CsvSource({"KILL,2,is lost: ", "STOP,6,has been silent for "})
  void theOthersAreToldInTimeWhichProcessWasKilledOrFrozen(String signal, int seconds, String says) throws Exception {
    List<SparkCommunicator> here = new ArrayList<>();
    try (RankProcess there = new RankProcess(1, WORLD_SIZE, SILENCE)) {
      for (int rank : List.of(0, 2)) here.add(listen(rank));
      List<String> addresses = List.of(here.get(0).address(), there.address(), here.get(1).address());
      there.connect(addresses);
      List<CompletableFuture<Loss>> losses = connected(here, addresses);
      there.awaitMet();

      long sent = System.nanoTime();
      there.signal(signal);
      Duration missed = missedUntil(CompletableFuture.allOf(losses.toArray(CompletableFuture[]::new)));
      for (CompletableFuture<Loss> loss : losses) {
        assertThat(loss.get().told()).hasMessageMatching("rank 1 \\(.*" + there.address() + "\\) " + says + ".*");
        Duration took = Duration.ofNanos(loss.get().nanoTime() - sent);
        System.out.println(signal + " was noticed after " + took + ", of which this process stood still " + missed);
        // the bound is the requirement; what this process stood still itself, it could notice nothing
        assertThat(took.minus(missed)).isLessThan(Duration.ofSeconds(seconds));
      }
      for (SparkCommunicator c : here) {
        assertThatThrownBy(() -> c.allGather(new byte[1])).isInstanceOf(RankLostException.class)
            .hasMessageContaining("rank 1 ");
      }
    } finally {
      here.forEach(SparkCommunicator::close);
    }
  }

  private static SparkCommunicator listen(int rank) {
    return SparkCommunicator.listen(rank, WORLD_SIZE, new VirtualRankTree(WORLD_SIZE),
        Ranks.link(Map.of(), Ranks.SECRET, 1, SILENCE));
  }

  private static List<CompletableFuture<Loss>> connected(List<SparkCommunicator> ranks, List<String> addresses) {
    List<CompletableFuture<Loss>> losses = new ArrayList<>();
    List<CompletableFuture<Void>> connecting = new ArrayList<>();
    for (SparkCommunicator c : ranks) {
      CompletableFuture<Loss> loss = new CompletableFuture<>();
      losses.add(loss);
      connecting.add(CompletableFuture.runAsync(
          () -> c.connect(addresses, lost -> loss.complete(new Loss(lost, System.nanoTime()))),
          command -> new Thread(command).start()));
    }
    connecting.forEach(CompletableFuture::join);
    return losses;
  }

  private static Duration missedUntil(CompletableFuture<?> all) throws InterruptedException {
    long start = System.nanoTime(), last = start, missed = 0;
    while (!all.isDone() && last - start < TimeUnit.SECONDS.toNanos(60)) {
      Thread.sleep(10);
      long now = System.nanoTime();
      if (now - last > TimeUnit.MILLISECONDS.toNanos(STANDSTILL_MILLIS)) missed += now - last;
      last = now;
    }
    assertThat(all).isDone();
    return Duration.ofNanos(missed);
  }
}
