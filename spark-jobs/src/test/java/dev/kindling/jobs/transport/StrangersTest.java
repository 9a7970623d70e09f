package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.collective.VirtualRankTree;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.client.TransportClientFactory;
import org.apache.spark.network.server.NoOpRpcHandler;
import org.apache.spark.network.util.TransportFrameDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whoever does not belong to the run. */
@Timeout(120)
class StrangersTest {
  private static final int SUMMED = 1_000_001;   // 4 MB

  @TempDir
  private Path folder;

  @ParameterizedTest
  @EnumSource
  void aWrongSecretIsRefusedAndToldAndTheRunGoesOn(Security security) throws Exception {
    Map<String, String> settings = security.settings(folder);
    try (RefusalLines log = new RefusalLines(); Ranks ranks = new Ranks(2, 2, settings)) {
      List<String> addresses = ranks.addresses();
      try (SparkCommunicator stranger = SparkCommunicator.listen(1, 2, new VirtualRankTree(2),
          Ranks.link(settings, new RunSecret("another"), 1))) {
        assertThatThrownBy(() -> stranger.connect(addresses)).isInstanceOf(RankLostException.class)
            .hasMessageStartingWith("rank 1 cannot connect to rank 0 at " + addresses.get(0) + ": ")
            .hasMessageContaining(security == Security.AES ? "Authentication failed." : "Mismatched response.");
      }
      assertThat(log.await(1, "it ended before it said which rank it is, as one does that does not know the secret"))
          .isNotEmpty();
      ranks.connected();
      assertThat(ranks.all(c -> Vectors.sumRight(c, SUMMED, 0))).containsOnly(true);
    }
  }

  /** One that has the cluster's certificate, where there is one, and says what a rank says. */
  @ParameterizedTest
  @EnumSource
  void aStrangerReadsNothingOfWhatTheRunSums(Security security) throws Exception {
    Map<String, String> settings = security.settings(folder);
    AtomicLong heard = new AtomicLong();         // bytes
    try (Ranks ranks = new Ranks(2, 2, settings).connected();
        TransportContext context = new TransportContext(Ranks.link(settings, Ranks.SECRET, 1).conf(),
            new NoOpRpcHandler());
        TransportClientFactory clients = context.createClientFactory(List.of())) {
      for (int r = 0; r < 2; r++) {
        int other = 1 - r;
        TransportClient stranger = clients.createUnmanagedClient("127.0.0.1", port(ranks.addresses().get(r)));
        stranger.getChannel().pipeline().addBefore(TransportFrameDecoder.HANDLER_NAME, "heard", new Counting(heard));
        assertThatThrownBy(() -> stranger.sendRpcSync(Message.hello(1, other, 2, 2), 10_000))
            .isInstanceOf(RuntimeException.class)
            .hasMessageContaining(security == Security.AES ? "Unknown challenge message." : "Expected SaslMessage");
        assertThatThrownBy(() -> stranger.sendRpcSync(Message.ready(1, 1, 77), 10_000))
            .isInstanceOf(RuntimeException.class).hasMessageMatching("(?s).*(Expected SaslMessage|closed|Closed).*");
      }
      for (int round = 0; round < 3; round++) {
        int now = round;
        assertThat(ranks.all(c -> Vectors.sumRight(c, SUMMED, now))).containsOnly(true);
      }
      assertThat(heard.get()).isBetween(100L, 50_000L);    // why it was refused, with stacks
    }
  }

  private static final class Counting extends ChannelInboundHandlerAdapter {
    private final AtomicLong bytes;

    Counting(AtomicLong bytes) {
      this.bytes = bytes;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof ByteBuf data) bytes.addAndGet(data.readableBytes());
      context.fireChannelRead(message);
    }
  }

  /** Neither a certificate nor a word of TLS. */
  @Test
  void aStrangerWithoutTlsIsRefusedAndToldWhereTheClusterHasIt() throws Exception {
    try (RefusalLines log = new RefusalLines();
        Ranks ranks = new Ranks(2, 2, Security.TLS.settings(folder)).connected()) {
      Socket stranger = send(port(ranks.addresses().get(0)),
          "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(ended(stranger)).isTrue();
      stranger.close();
      assertThat(ranks.all(c -> Vectors.sumRight(c, SUMMED, 0))).containsOnly(true);
      assertThat(log.lines()).singleElement().asString()
          .startsWith("WARN refused /127.0.0.1:" + stranger.getLocalPort() + ": ").contains("not an SSL/TLS record");
    }
  }

  @Test
  void aRankOfAnOlderAttemptIsRefusedAndTold() throws Exception {
    try (RefusalLines log = new RefusalLines(); Ranks ranks = new Ranks(2, 2, Map.of())) {
      List<String> addresses = ranks.addresses();
      try (SparkCommunicator thawed = SparkCommunicator.listen(1, 2, new VirtualRankTree(2),
          Ranks.link(Map.of(), Ranks.SECRET, 0))) {
        assertThatThrownBy(() -> thawed.connect(addresses)).isInstanceOf(RankLostException.class)
            .hasMessageContaining("attempt 0 refused");
      }
      assertThat(log.await(1, "HELLO of attempt 0 refused: this rank belongs to attempt 1")).singleElement().asString()
          .startsWith("WARN refused /127.0.0.1:");
      ranks.connected();
      assertThat(ranks.all(c -> c.allGather(new byte[1]).size())).containsOnly(2);
    }
  }

  @Test
  void strangersWithGarbageOrAHugeFrameBreakNothing() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected()) {
      List<Socket> strangers = new ArrayList<>();
      for (String address : ranks.addresses()) {
        int port = port(address);
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

  private static int port(String address) {
    return Integer.parseInt(address.split(":")[1]);
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
      socket.getInputStream().readAllBytes();
      return true;
    } catch (java.net.SocketTimeoutException e) {
      return false;
    } catch (java.io.IOException e) {
      return true;                               // reset
    }
  }
}
