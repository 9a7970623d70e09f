package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.train.DriverLine.Sign;
import dev.kindling.jobs.transport.WatchedTime;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Ranks of a stage that has failed, as looks see them that come when the test says. */
class GoodbyesTest {
  private static final long MILLI = 1_000_000L;
  private static final long START = Long.MAX_VALUE - 2_000 * MILLI;    // as System.nanoTime may: it overflows
  private final Goodbyes goodbyes = new Goodbyes(START, 5_000 * MILLI,
      new WatchedTime(200 * MILLI, 1_000 * MILLI, START));
  private final Sign former = new Sign(0, "0", START - 300 * MILLI, false);
  private long now = START;

  private boolean look(int times, long everyMillis, Sign... waiting) {
    boolean over = false;
    for (int i = 0; i < times && !over; i++) {
      now += everyMillis * MILLI;
      over = goodbyes.areOver(List.of(waiting), now);
    }
    return over;
  }

  @Test
  void allThatSaidGoodbyeOrGiveSignsAreWaitedForNoLonger() {
    assertThat(look(1, 100)).isTrue();
    Sign fresh = new Sign(1, "1", START + 50 * MILLI, false);
    assertThat(look(1, 100, fresh)).isTrue();
    assertThat(goodbyes.missed(List.of(fresh), now + 60_000 * MILLI)).isEmpty();
    assertThat(look(1, 100, fresh, former)).isFalse();
  }

  @Test
  void oneThatGivesNoSignIsMissed() {
    assertThat(look(34, 100, former)).isFalse();
    assertThat(look(1, 100, former)).isTrue();               // 3.5 s: half the silence and a second
    assertThat(goodbyes.missed(List.of(former), now)).containsExactly(former);
  }

  @Test
  void whatTheDriverMissedItselfIsNoSilence() {
    assertThat(look(8, 900, former)).isFalse();              // 7.2 s in which it looked as often as in 3.2 s at the most
    assertThat(look(1, 60_000, former)).isFalse();           // it stood still
    assertThat(look(34, 100, former)).isFalse();
    assertThat(look(1, 100, former)).isTrue();
  }
}
