package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.sun.management.ThreadMXBean;
import dev.kindling.train.tensor.Arena;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.internal.PlatformDependent;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import net.jqwik.api.statistics.Statistics;
import org.apache.spark.network.TransportContext;
import org.apache.spark.network.buffer.ManagedBuffer;
import org.apache.spark.network.client.ChunkReceivedCallback;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.StreamCallback;
import org.apache.spark.network.client.StreamCallbackWithID;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.client.TransportClientFactory;
import org.apache.spark.network.client.TransportResponseHandler;
import org.apache.spark.network.crypto.AuthClientBootstrap;
import org.apache.spark.network.server.NoOpRpcHandler;
import org.apache.spark.network.util.TransportFrameDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Messages that no rank of ours sends, from those who know the secret and those who do not. */
@Timeout(60)                                     // of tests; properties have a deadline of their own for each case
class HostileFramesTest {
  private static final long EPOCH = 3;
  private static final int PART = 300;           // elements of what rank 1 is to send
  private static final int BYTES = PART * Float.BYTES;
  private static final int BEHIND = 100;         // elements that nobody may write
  private static final Duration DEADLINE = Duration.ofSeconds(20);
  private static final long MOST_ALLOCATED = 4 << 20;      // by a case; the first ones load classes
  private static Arena arena;
  private static Tensor memory;

  @BeforeContainer
  static void open() {
    arena = new Arena();
    memory = arena.take(DType.FLOAT32, PART + BEHIND);
  }

  @AfterContainer
  static void close() {
    arena.close();
  }

  /** What ranks send, changed in some bytes, cut or made longer. */
  @Provide
  Arbitrary<byte[]> mutated() {
    Arbitrary<byte[]> valid = Arbitraries.of(Message.hello(EPOCH, 1, 2, 8).array(), Message.ready(EPOCH, 1, 77).array(),
        Message.value(EPOCH, 1, new byte[40]).array(), Message.piece(EPOCH, 1, 0, 0).array(),
        Message.leave(EPOCH).array(), Message.ping(EPOCH).array(), Message.complete(EPOCH, 1).array());
    Arbitrary<List<Integer>> changes = Arbitraries.integers().list().ofMaxSize(4);
    Arbitrary<Integer> length = Arbitraries.frequencyOf(net.jqwik.api.Tuple.of(3, Arbitraries.just(-1)),
        net.jqwik.api.Tuple.of(1, Arbitraries.integers().between(0, 200)));
    return Combinators.combine(valid, changes, length).as(HostileFramesTest::mutate);
  }

  private static byte[] mutate(byte[] valid, List<Integer> changes, int length) {
    byte[] message = length < 0 ? valid.clone() : Arrays.copyOf(valid, length);
    for (int change : changes) {
      if (message.length > 0) message[Math.floorMod(change >> 8, message.length)] = (byte) change;
    }
    return message;
  }

  @Property(tries = 10_000)
  void aMutatedMessageIsTakenOrRefusedWithAReason(@ForAll("mutated") byte[] bytes, @ForAll boolean known,
      @ForAll boolean asStream) {
    assertTimeoutPreemptively(DEADLINE, () -> {
      Receiver receiver = new Receiver(known);
      long before = allocated();
      try {
        if (asStream) receiver.stream(bytes).onComplete("");
        else receiver.inbound.receive(receiver.client, ByteBuffer.wrap(bytes), new Answer());
      } catch (IllegalArgumentException | IllegalStateException | SecurityException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
      assertThat(allocated() - before).isLessThan(MOST_ALLOCATED);
    });
  }

  /** Bytes that are streamed after the head of a piece of {@link #BYTES}. */
  @Provide
  Arbitrary<Integer> streamed() {
    return Arbitraries.oneOf(Arbitraries.integers().between(0, BYTES - 1), Arbitraries.just(BYTES),
        Arbitraries.integers().between(BYTES + 1, 3 * BYTES));
  }

  @Property(tries = 2_000)
  void ofAPieceExactlyWhatBelongsToItIsTaken(@ForAll("streamed") int streamed,
      @ForAll @IntRange(min = 1, max = 2 * BYTES) int each) {
    Statistics.label("of the piece").collect(Integer.signum(streamed - BYTES))
        .coverage(seen -> List.of(-1, 0, 1).forEach(sign -> seen.check(sign).percentage(p -> p > 10)));
    assertTimeoutPreemptively(DEADLINE, () -> {
      float[] untouched = new float[PART + BEHIND];
      Arrays.fill(untouched, -1);
      memory.put(0, untouched, 0, untouched.length);
      Receiver receiver = new Receiver(true);
      long before = allocated();
      StreamCallbackWithID stream = receiver.stream(Message.piece(EPOCH, 1, 0, 0).array());
      if (streamed == BYTES) {
        feed(stream, streamed, each);
        assertThat(receiver.exchange.failure()).isNull();
      } else {
        assertThatThrownBy(() -> feed(stream, streamed, each)).isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(streamed < BYTES
                ? "rank 1 sends " + streamed + " bytes of a piece of " + BYTES
                : " bytes or more of a piece of " + BYTES);
        assertThat(receiver.exchange.failure()).hasMessageContaining("rank 1 is lost: rank 1 sends ");
      }
      assertThat(allocated() - before).isLessThan(MOST_ALLOCATED);
      assertThat(receiver.incoming.has(Long.MAX_VALUE)).isEqualTo(streamed == BYTES);
      float[] after = memory.toFloats();
      if (streamed == BYTES) assertThat(Arrays.copyOf(after, PART)).containsOnly(0);
      assertThat(Arrays.copyOfRange(after, PART, PART + BEHIND)).containsOnly(-1);
    });
  }

  /** Feeds zeros, in parts as a network cuts them. */
  private static void feed(StreamCallbackWithID stream, int bytes, int each) throws IOException {
    for (int left = bytes; left > 0; left -= each) {
      stream.onData(stream.getID(), ByteBuffer.allocate(Math.min(left, each)));
    }
    stream.onComplete(stream.getID());
  }

  /** Rank 0 of two, in call 1, and the connection that rank 1 may have opened. */
  private static final class Receiver {
    private final Exchange exchange = new Exchange(0, 2, EPOCH, Duration.ofSeconds(5));
    private final Incoming incoming = new Incoming(List.of(List.of(), List.of(memory.slice(0, PART))));
    private final Inbound inbound = new Inbound(exchange, 2, 8);
    private final TransportClient client;

    Receiver(boolean known) {
      exchange.begin(77, incoming);
      EmbeddedChannel channel = new EmbeddedChannel();
      channel.pipeline().addLast(TransportFrameDecoder.HANDLER_NAME, new ChannelInboundHandlerAdapter());
      client = new TransportClient(channel, new TransportResponseHandler(channel));
      inbound.channelActive(client);
      if (known) inbound.receive(client, Message.hello(EPOCH, 1, 2, 8), new Answer());
    }

    StreamCallbackWithID stream(byte[] head) {
      return inbound.receiveStream(client, ByteBuffer.wrap(head), new Answer());
    }
  }

  /** Bytes that this thread has allocated so far, and direct memory. */
  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes() + directMemory();
  }

  @Test
  void whoKnowsTheSecretCanPullNothing() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected()) {
      Link link = Ranks.link(Map.of(), Ranks.SECRET, 1);
      try (TransportContext context = new TransportContext(link.conf(), new NoOpRpcHandler());
          TransportClientFactory clients = context.createClientFactory(
              List.of(new AuthClientBootstrap(link.conf(), link.user(), link.secrets())))) {
        refusesToServe(client(clients, ranks.addresses().get(0)));
      }
      stillWork(ranks);
    }
  }

  /** Spark's own check of a chunk request is that a stream was opened for it: none ever is. */
  @Test
  void whoDoesNotKnowTheSecretGetsNeitherBytesNorAnAnswerToMessages() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected()) {
      Link link = Ranks.link(Map.of(), Ranks.SECRET, 1);
      try (TransportContext context = new TransportContext(link.conf(), new NoOpRpcHandler());
          TransportClientFactory clients = context.createClientFactory(List.of())) {
        TransportClient stranger = client(clients, ranks.addresses().get(1));
        assertThatThrownBy(() -> stranger.sendRpcSync(Message.hello(1, 0, 2, 2), 10_000))
            .isInstanceOf(RuntimeException.class).hasMessageContaining("Expected SaslMessage");
        refusesToServe(client(clients, ranks.addresses().get(1)));
        assertThatThrownBy(() -> clients.createUnmanagedClient("127.0.0.1", port(ranks.addresses().get(1)))
            .sendRpcSync(ByteBuffer.allocate(1 << 20), 10_000)).hasRootCauseInstanceOf(IOException.class);
      }
      assertThat(ranks.all(c -> Vectors.sumRight(c, 300_001, 0))).containsOnly(true);
    }
  }

  /** Frames whose length field promises up to 2 GB, and whose kinds are none: nothing is set aside for them. */
  @Test
  void lengthsThatStrangersPromiseAreNotBelieved() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected()) {
      int port = port(ranks.addresses().get(0));
      long before = directMemory();
      assertThat(PlatformDependent.usedDirectMemory()).isPositive();   // Netty counts what it takes, as ranks did to connect
      List<Socket> strangers = new ArrayList<>();
      for (int i = 0; i < 64; i++) {
        Socket socket = new Socket("127.0.0.1", port);
        OutputStream out = socket.getOutputStream();
        out.write(
            ByteBuffer.allocate(64).putLong(Integer.MAX_VALUE - i).put((byte) i).putLong(i).putInt(1 << 30).array());
        out.flush();
        strangers.add(socket);
      }
      stillWork(ranks);
      assertThat(directMemory() - before).isLessThan(64L << 20);
      for (Socket s : strangers) s.close();
    }
  }

  @Test
  void aConnectionThatSendsHalfAHandshakeAndWaitsHoldsNobodyUp() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of())) {
      List<Socket> strangers = new ArrayList<>();
      for (String address : ranks.addresses()) {
        Socket socket = new Socket("127.0.0.1", port(address));
        socket.getOutputStream().write(new byte[]{0, 0, 0});
        socket.getOutputStream().flush();
        strangers.add(socket);
      }
      ranks.connected();
      stillWork(ranks);
      for (Socket s : strangers) {
        s.setSoTimeout(100);
        assertThatThrownBy(() -> s.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        s.close();
      }
    }
  }

  /** Bytes, of NIO's buffers and of those that Netty, where it can, takes past them. */
  private static long directMemory() {
    return Math.max(0, PlatformDependent.usedDirectMemory())
        + ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
            .mapToLong(BufferPoolMXBean::getMemoryUsed).sum();
  }

  private static int port(String address) {
    return Integer.parseInt(address.split(":")[1]);
  }

  private static TransportClient client(TransportClientFactory clients, String address) throws Exception {
    return clients.createUnmanagedClient("127.0.0.1", port(address));
  }

  private static void stillWork(Ranks ranks) throws Exception {
    assertThat(ranks.all(c -> c.allGather(new byte[]{(byte) c.rank()}).get(1)[0])).containsOnly((byte) 1);
  }

  private static void refusesToServe(TransportClient client) throws Exception {
    CompletableFuture<Boolean> chunk = new CompletableFuture<>();
    client.fetchChunk(0, 0, new ChunkReceivedCallback() {
      @Override
      public void onSuccess(int index, ManagedBuffer buffer) {
        chunk.complete(true);
      }

      @Override
      public void onFailure(int index, Throwable e) {
        chunk.complete(false);
      }
    });
    assertThat(chunk.get(10, TimeUnit.SECONDS)).isFalse();
    CompletableFuture<Boolean> stream = new CompletableFuture<>();
    client.stream("anything", new StreamCallback() {
      @Override
      public void onData(String id, ByteBuffer bytes) {
        stream.complete(true);
      }

      @Override
      public void onComplete(String id) {
        stream.complete(true);
      }

      @Override
      public void onFailure(String id, Throwable e) {
        stream.complete(false);
      }
    });
    assertThat(stream.get(10, TimeUnit.SECONDS)).isFalse();
    client.close();
  }

  private static final class Answer implements RpcResponseCallback {
    @Override
    public void onSuccess(ByteBuffer response) {
      assertThat(response.remaining()).isZero();
    }

    @Override
    public void onFailure(Throwable e) {
      throw new AssertionError(e);
    }
  }
}
