package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.collective.VirtualRankTree;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whoever does not belong to the run. */
@Timeout(120)
class StrangersTest {
  @ParameterizedTest
  @CsvSource({"true", "false"})
  void aWrongSecretIsRefusedAndTheRunGoesOn(boolean crypto) throws Exception {
    Map<String, String> settings = Map.of("spark.network.crypto.enabled", String.valueOf(crypto),
        "spark.network.crypto.saslFallback", "false");
    try (Ranks ranks = new Ranks(2, 2, settings)) {
      List<String> addresses = ranks.addresses();
      try (SparkCommunicator stranger = SparkCommunicator.listen(1, 2, new VirtualRankTree(2),
          Ranks.link(settings, new RunSecret("another"), 1))) {
        assertThatThrownBy(() -> stranger.connect(addresses)).isInstanceOf(RankLostException.class);
      }
      ranks.connected();
      assertThat(ranks.all(c -> c.allGather(new byte[]{(byte) c.rank()}).get(1)[0])).containsOnly((byte) 1);
    }
  }

  @Test
  void aRankOfAnOlderAttemptIsRefused() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of())) {
      List<String> addresses = ranks.addresses();
      try (SparkCommunicator thawed = SparkCommunicator.listen(1, 2, new VirtualRankTree(2),
          Ranks.link(Map.of(), Ranks.SECRET, 0))) {
        assertThatThrownBy(() -> thawed.connect(addresses)).isInstanceOf(RankLostException.class)
            .hasMessageContaining("attempt 0 refused");
      }
      ranks.connected();
      assertThat(ranks.all(c -> c.allGather(new byte[1]).size())).containsOnly(2);
    }
  }

  @Test
  void strangersWithGarbageOrAHugeFrameBreakNothing() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected()) {
      List<Socket> strangers = new ArrayList<>();
      for (String address : ranks.addresses()) {
        int port = Integer.parseInt(address.split(":")[1]);
        byte[] garbage = new byte[3000];
        new SplittableRandom(port).nextBytes(garbage);
        strangers.add(send(port, garbage));
        strangers.add(send(port, ByteBuffer.allocate(8).putLong(1L << 30).array()));
        strangers.add(send(port, ByteBuffer.allocate(100_000).putLong(1L << 30).array()));   // closed at 64 KB
        strangers.add(send(port, new byte[0]));
      }
      for (int round = 0; round < 20; round++) {
        assertThat(ranks.all(c -> c.allGather(new byte[]{5}).get(0)[0])).containsOnly((byte) 5);
      }
      for (int i = 2; i < strangers.size(); i += 4) assertThat(ended(strangers.get(i))).isTrue();
      for (Socket s : strangers) s.close();
      ranks.all(c -> {
        c.leave();
        return null;
      });
    }
  }

  private static Socket send(int port, byte[] bytes) throws Exception {
    Socket socket = new Socket("127.0.0.1", port);
    OutputStream out = socket.getOutputStream();
    out.write(bytes);
    out.flush();
    return socket;
  }

  private static boolean ended(Socket socket) throws Exception {
    socket.setSoTimeout(5_000);
    try {
      return socket.getInputStream().read() < 0;
    } catch (java.net.SocketTimeoutException e) {
      return false;
    } catch (java.io.IOException e) {
      return true;                               // reset
    }
  }
}
