package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.transport.WatchedTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Executors whose ranks have not begun, as looks see them that come when the test says. */
class UnheardTest {
  private static final long MILLI = 1_000_000L;
  private final List<String> asked = new ArrayList<>();
  private final List<CompletableFuture<Void>> answers = new ArrayList<>();
  private final Unheard unheard = new Unheard(this::ask, 5_000 * MILLI);
  private final WatchedTime watched = new WatchedTime(200 * MILLI, 1_000 * MILLI, 0);
  private long now;

  private CompletableFuture<Void> ask(String id) {
    asked.add(id);
    answers.add(new CompletableFuture<>());
    return answers.get(answers.size() - 1);
  }

  /** @return whom the last look, or one before it, found frozen */
  private Optional<String> look(long millis, long everyMillis, String... ids) {
    for (long until = now + millis * MILLI; now < until;) {
      now += everyMillis * MILLI;
      Optional<String> frozen = unheard.frozen(List.of(ids), now, watched.missed(now));
      if (frozen.isPresent()) return frozen;
    }
    return Optional.empty();
  }

  @Test
  void oneThatNeverAnswersIsFrozen() {
    assertThat(look(60_000, 200, "0", "1")).contains("0");
    assertThat(asked).containsExactly("0", "1");
    assertThat(now).isBetween(20_000 * MILLI, 21_000 * MILLI);
  }

  @Test
  void oneThatIsStarvedAtItsStartHasTimeToAnswer() {
    assertThat(look(19_000, 200, "0", "1")).isEmpty();
    answers.forEach(answer -> answer.complete(null));
    assertThat(look(19_000, 200, "0", "1")).isEmpty();
    assertThat(asked).containsExactly("0", "1", "0", "1");
  }

  @Test
  void oneWhoseRankBeginsMeanwhileHasAnswered() {
    assertThat(look(15_000, 200, "0", "1")).isEmpty();
    assertThat(look(60_000, 200, "0")).contains("0");        // of 1 a sign of life has come
    assertThat(asked).containsExactly("0", "1");
  }

  @Test
  void whatTheDriverMissedItselfIsNoSilence() {
    assertThat(look(10_000, 200, "1")).isEmpty();
    assertThat(look(20_000, 900, "1")).isEmpty();            // it looked 23 times
    assertThat(look(60_000, 60_000, "1")).isEmpty();         // it stood still
    assertThat(look(14_800, 200, "1")).isEmpty();
    assertThat(look(600, 200, "1")).contains("1");
  }

  @Test
  void oneThatCannotBeAskedIsNotFrozen() {
    assertThat(look(6_000, 200, "1")).isEmpty();
    answers.get(0).completeExceptionally(new IllegalStateException("gone"));
    assertThat(look(15_000, 200, "1")).isEmpty();
  }
}
