package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A silent peer as looks see it that come when the test says. */
class SignsOfLifeTest {
  private static final long MILLI = 1_000_000L;
  private static final long START = Long.MAX_VALUE - 3_000 * MILLI;    // as System.nanoTime may: it overflows
  private final Exchange exchange = new Exchange(0, 2, 1, Duration.ofSeconds(5));
  private final Peer peer = exchange.peers().get(0);
  private final SignsOfLife signs = new SignsOfLife(exchange, Duration.ofSeconds(5));
  private long now = START;

  SignsOfLifeTest() {
    peer.pinging = true;                         // asked, and silent
    signs.begin(now);
  }

  private void look(int times, long everyMillis) {
    for (int i = 0; i < times; i++) {
      now += everyMillis * MILLI;
      signs.look(now);
    }
  }

  @Test
  void aPeerThatFreezesIsLostWithinSixSeconds() {
    look(20, 250);
    assertThat(exchange.failure()).isNull();
    look(1, 250);
    assertThat(exchange.failure()).hasMessageContaining("has been silent for 5250 ms");
  }

  @Test
  void looksThatAreALittleLateKeepAFrozenPeerNoLonger() {
    look(12, 490);
    assertThat(exchange.failure()).isNotNull();
    assertThat(now - START).isLessThan(6_000 * MILLI);
  }

  @Test
  void aPeerIsNotLostForTheTimeInWhichThisRankGotNoProcessor() {
    look(9, 2_000);                              // 18 s in which it looked nine times
    assertThat(exchange.failure()).isNull();
    peer.heard = now;                            // its answer, when this rank's event loop got to it
    look(9, 2_000);
    assertThat(exchange.failure()).isNull();
  }

  @Test
  void aRankThatAlwaysLooksLateMissesAFrozenPeerAllTheSame() {
    look(11, 2_000);
    assertThat(exchange.failure()).isNotNull();
  }

  @Test
  void allCountAsHeardWhenThisRankStoodStill() {
    look(19, 250);
    look(1, 60_000);
    look(20, 250);
    assertThat(exchange.failure()).isNull();
    look(1, 250);
    assertThat(exchange.failure()).isNotNull();
  }

  @Test
  void whatWasHeardAfterALookBeganIsNotMadeOlderOrNewer() {
    look(1, 250);
    peer.heard = now + 5 * MILLI;
    assertThat(WatchedTime.excused(peer.heard, Long.MAX_VALUE, now)).isEqualTo(peer.heard);
    assertThat(WatchedTime.excused(now - 10, 4, now)).isEqualTo(now - 6);
    assertThat(WatchedTime.excused(now - 10, 0, now)).isEqualTo(now - 10);
  }
}
