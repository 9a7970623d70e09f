package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Peers that are greeted, as looks see them that come when the test says. */
class GreetingTest {
  private static final long MILLI = 1_000_000L;
  private static final long START = Long.MAX_VALUE - 3_000 * MILLI;    // as System.nanoTime may: it overflows
  private final Exchange exchange = new Exchange(0, 5, 1, Duration.ofSeconds(5));
  private final Greeting greeting = new Greeting(exchange, Duration.ofSeconds(5),
      List.of("a:1", "b:2", "c:3", "d:4", "e:5"));
  private long now = START;

  GreetingTest() {
    greeting.begin(now);
  }

  private void answer(int... ranks) {
    for (int rank : ranks) greeting.hello(peer(rank)).onSuccess(ByteBuffer.allocate(0));
  }

  private Peer peer(int rank) {
    return exchange.peers().get(rank - 1);
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
  void peersThatAreStarvedAtTheirStartHaveTimeToAnswer() throws IOException {
    answer(1, 2, 3);
    assertThat(look(60, 250)).isFalse();         // 15 s
    answer(4);
    assertThat(look(1, 250)).isTrue();
  }

  @Test
  void allPeersThatNeverAnswerAreGivenUpTogetherAndNamedAndOneThatAnswersLateIsNot() throws IOException {
    assertThat(look(56, 250)).isFalse();         // 14 s
    answer(3);
    assertThat(look(4, 250)).isFalse();
    assertThatThrownBy(() -> look(1, 250)).isInstanceOf(IOException.class)
        .hasMessage("rank 1 at b:2, rank 2 at c:3, rank 4 at e:5: no answer for 15250 ms");
  }

  @Test
  void timeThatThisRankMissedItselfDoesNotCount() throws IOException {
    assertThat(look(29, 2_000)).isFalse();       // 58 s in which it looked as often as in 14.5 s
    assertThat(look(1, 60_000)).isFalse();       // it stood still
    assertThat(look(60, 250)).isFalse();
    assertThatThrownBy(() -> look(1, 250)).hasMessageContaining("no answer for");
  }

  @Test
  void theFirstRefusalIsToldAtOnce() {
    greeting.hello(peer(2)).onFailure(new IllegalStateException("rank 2 belongs to attempt 2"));
    greeting.refused(peer(1), new IOException("closed"));
    assertThatThrownBy(() -> look(1, 250)).isInstanceOf(IOException.class)
        .hasMessage("rank 2 at c:3: rank 2 belongs to attempt 2");
  }

  @Test
  void anErrorThatIsNoPeersFaultStaysOne() {
    greeting.refused(peer(2), new NoClassDefFoundError("a class"));
    assertThatThrownBy(() -> look(1, 250)).isInstanceOf(NoClassDefFoundError.class);
  }

  @Test
  void anErrorThatComesLateIsToldBeforeAPeersRefusal() {
    greeting.refused(peer(1), new IOException("closed"));
    greeting.refused(peer(2), new NoClassDefFoundError("a class"));
    greeting.refused(peer(3), new NoClassDefFoundError("another"));
    greeting.refused(peer(4), new IOException("closed"));
    assertThatThrownBy(() -> look(1, 250)).isInstanceOf(NoClassDefFoundError.class).hasMessage("a class");
  }

  @Test
  void anErrorOfAPeerThatHasAnsweredIsToldAndItsRefusalIsNot() throws IOException {
    answer(1);
    greeting.refused(peer(1), new IOException("closed"));
    assertThat(look(1, 250)).isFalse();
    greeting.refused(peer(1), new NoClassDefFoundError("a class"));
    assertThatThrownBy(() -> look(1, 250)).isInstanceOf(NoClassDefFoundError.class);
  }

  @Test
  void aRankThatIsToldToEndWaitsForNoAnswer() {
    exchange.fail(new RankLostException("rank 0 was told to stop: the task was killed"));
    assertThatThrownBy(() -> look(1, 250)).isInstanceOf(RankLostException.class)
        .hasMessageContaining("the task was killed");
  }
}
