package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A peer that is greeted, as looks see it that come when the test says. */
class GreetingTest {
  private static final long MILLI = 1_000_000L;
  private static final long START = Long.MAX_VALUE - 3_000 * MILLI;    // as System.nanoTime may: it overflows
  private final Exchange exchange = new Exchange(0, 2, 1, Duration.ofSeconds(5));
  private final Greeting greeting = new Greeting(exchange, Duration.ofSeconds(5));
  private long now = START;

  GreetingTest() {
    greeting.begin(now);
  }

  private boolean look(int times, long everyMillis) throws IOException {
    boolean answered = false;
    for (int i = 0; i < times; i++) {
      now += everyMillis * MILLI;
      answered = greeting.isAnswered(now);
    }
    return answered;
  }

  @Test
  void aPeerThatIsStarvedAtItsStartHasTimeToAnswer() throws IOException {
    assertThat(look(60, 250)).isFalse();         // 15 s
    greeting.onSuccess(ByteBuffer.allocate(0));
    assertThat(look(1, 250)).isTrue();
  }

  @Test
  void aPeerThatNeverAnswersIsGivenUp() throws IOException {
    assertThat(look(60, 250)).isFalse();
    assertThatThrownBy(() -> look(1, 250)).isInstanceOf(IOException.class)
        .hasMessage("it has not answered for 15250 ms");
  }

  @Test
  void timeThatThisRankMissedItselfDoesNotCount() throws IOException {
    assertThat(look(29, 2_000)).isFalse();       // 58 s in which it looked as often as in 14.5 s
    assertThat(look(1, 60_000)).isFalse();       // it stood still
    assertThat(look(60, 250)).isFalse();
    assertThatThrownBy(() -> look(1, 250)).hasMessageContaining("has not answered");
  }

  @Test
  void aRefusalIsToldAtOnce() {
    greeting.onFailure(new IllegalStateException("rank 1 belongs to attempt 2"));
    assertThatThrownBy(() -> look(1, 250)).isInstanceOf(IOException.class).hasMessage("rank 1 belongs to attempt 2");
  }

  @Test
  void aRankThatIsToldToEndWaitsForNoAnswer() {
    exchange.fail(new RankLostException("rank 0 was told to stop: the task was killed"));
    assertThatThrownBy(() -> look(1, 250)).isInstanceOf(RankLostException.class)
        .hasMessageContaining("the task was killed");
  }
}
