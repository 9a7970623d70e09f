package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.embedded.EmbeddedChannel;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What the log says of those who are refused. A wrong secret and an old attempt are in {@link StrangersTest}. */
@Timeout(60)
class RefusalsTest {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  private final RefusalLines log = new RefusalLines();
  private final Refusals refusals = new Refusals();
  private long now = System.nanoTime();

  @AfterEach
  void closeLog() {
    log.close();
  }

  private void refuse(int connections) {
    for (int i = 0; i < connections; i++) refusals.tell(new EmbeddedChannel(), "garbage", now);
  }

  static List<String[]> garbage() {
    return List.of(
        new String[]{"no length", "Frame length should be positive: -13"},
        new String[]{"no kind of message", "Unknown message type: 99"},
        new String[]{"a flood", "it sends more than 65536 bytes before it has said which rank it is"},
        new String[]{"nothing", "it ended before it said which rank it is, as one does that does not know the secret"});
  }

  private static byte[] bytes(String of) {
    return switch (of) {
      case "no length" -> ByteBuffer.allocate(Long.BYTES).putLong(-5).array();
      case "no kind of message" -> ByteBuffer.allocate(Long.BYTES + 1).putLong(Long.BYTES + 1).put((byte) 99).array();
      case "a flood" -> ByteBuffer.allocate(100_000).putLong(1L << 30).array();
      default -> new byte[0];
    };
  }

  @ParameterizedTest
  @MethodSource("garbage")
  void garbageIsToldOnceWithItsSenderAndTheReason(String of, String why) throws Exception {
    try (Ranks ranks = new Ranks(1, 1, Map.of())) {
      String sender;
      try (Socket socket = new Socket("127.0.0.1", Integer.parseInt(ranks.addresses().get(0).split(":")[1]))) {
        sender = "/127.0.0.1:" + socket.getLocalPort();
        OutputStream out = socket.getOutputStream();
        out.write(bytes(of));
        out.flush();
        if (!of.equals("nothing")) log.await(1, why);
      }
      assertThat(log.await(1, why)).singleElement().asString().startsWith("WARN refused " + sender + ": ");
      Thread.sleep(200);                         // in which its end would be told too
      assertThat(log.lines()).hasSize(1);
    }
  }

  @Test
  void aMinuteHasFewLinesAndThenACount() {
    refuse(Refusals.MOST + 1_000);
    assertThat(log.lines()).hasSize(Refusals.MOST);
    assertThat(log.lines().get(0)).isEqualTo("WARN refused embedded: garbage");
    assertThat(log.lines().get(Refusals.MOST - 1)).endsWith("others are only counted for a minute");
    now += 61 * SECOND;
    refuse(1);
    assertThat(log.lines()).hasSize(Refusals.MOST + 2).endsWith(
        "WARN refused 1000 more connections, which were only counted", "WARN refused embedded: garbage");
  }

  @Test
  void ofOneConnectionOnlyTheFirstRefusalIsToldAndOfALongReasonItsBeginning() {
    EmbeddedChannel channel = new EmbeddedChannel();
    refusals.tell(channel, "x".repeat(100_000), now);
    refusals.tell(channel, "again", now);
    assertThat(log.lines()).singleElement().asString().hasSizeLessThan(400);
  }
}
