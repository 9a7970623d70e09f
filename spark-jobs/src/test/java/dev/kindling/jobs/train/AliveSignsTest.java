package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.loop.StopRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** Signs of life as time goes by that the test tells. */
class AliveSignsTest {
  private final List<Long> asked = new ArrayList<>();          // milliseconds
  private final List<StopRequest> orders = new ArrayList<>();
  private long now;

  private void give(AliveSigns.Question driver, long untilMillis) {
    new AliveSigns(3, "exec-7", driver, millis -> now += millis, orders::add).giveUntil(() -> now >= untilMillis);
  }

  private Object late(String[] sign, long seconds) throws TimeoutException {
    asked.add(now);
    now += 1_000 * seconds;
    throw new TimeoutException("no answer");
  }

  @Test
  void aDriverThatIsLateWithItsAnswersHasSeveralSignsWithinTheSilenceThatItAllows() {
    give(this::late, 6_000);
    assertThat(asked).containsExactly(0L, 1_500L, 3_000L, 4_500L);
    assertThat(orders).isEmpty();
  }

  @Test
  void aDriverThatAnswersHasASignEveryHalfSecond() {
    List<String> said = new ArrayList<>();
    give((sign, seconds) -> {
      said.add(now + " " + String.join(" ", sign));
      return "NONE";
    }, 1_500);
    assertThat(said).containsExactly("0 alive 3 exec-7", "500 alive 3 exec-7", "1000 alive 3 exec-7");
    assertThat(orders).hasSize(3).containsOnly(StopRequest.NONE);
  }

  @Test
  void anOrderIsTakenAlsoAfterAnAnswerThatDidNotCome() {
    give((sign, seconds) -> asked.size() < 2 ? late(sign, seconds) : "NOW", 3_500);
    assertThat(asked).containsExactly(0L, 1_500L);
    assertThat(orders).containsExactly(StopRequest.NOW);
  }

  @Test
  void anInterruptEndsThem() {
    new AliveSigns(3, "exec-7", this::late, millis -> {
      throw new InterruptedException();
    }, orders::add).giveUntil(() -> false);
    assertThat(asked).containsExactly(0L);
  }
}
