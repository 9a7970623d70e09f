package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.tensor.Arena;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
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
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
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
@Timeout(60)
class HostileFramesTest {
  private static final long EPOCH = 3;
  private static final int PART = 300;           // elements of what rank 1 is to send
  private static Arena arena;
  private static Tensor memory;

  @BeforeContainer
  static void open() {
    arena = new Arena();
    memory = arena.take(DType.FLOAT32, PART);
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
    byte[] message = length < 0 ? valid.clone() : java.util.Arrays.copyOf(valid, length);
    for (int change : changes) {
      if (message.length > 0) message[Math.floorMod(change >> 8, message.length)] = (byte) change;
    }
    return message;
  }

  @Property(tries = 10_000)
  void aMutatedMessageIsTakenOrRefusedWithAReason(@ForAll("mutated") byte[] bytes, @ForAll boolean known,
      @ForAll boolean asStream) {
    Exchange exchange = new Exchange(0, 2, EPOCH, Duration.ofSeconds(5));
    exchange.begin(77, new Incoming(List.of(List.of(), List.of(memory))));
    Inbound inbound = new Inbound(exchange, 2, 8);
    EmbeddedChannel channel = new EmbeddedChannel();
    channel.pipeline().addLast(TransportFrameDecoder.HANDLER_NAME, new io.netty.channel.ChannelInboundHandlerAdapter());
    TransportClient peer = new TransportClient(channel, new TransportResponseHandler(channel));
    inbound.channelActive(peer);
    if (known) inbound.receive(peer, Message.hello(EPOCH, 1, 2, 8), new Answer());
    try {
      if (asStream) stream(inbound.receiveStream(peer, ByteBuffer.wrap(bytes), new Answer()), bytes);
      else inbound.receive(peer, ByteBuffer.wrap(bytes), new Answer());
    } catch (IllegalArgumentException | IllegalStateException | SecurityException e) {
      assertThat(e.getMessage()).isNotBlank();
    } catch (BufferOverflowException e) {
      assertThat(asStream).isTrue();             // more bytes than the piece has: its channel ends
    } finally {
      channel.close();
    }
  }

  /** Feeds a stream with more or less than belongs to it. */
  private static void stream(StreamCallbackWithID stream, byte[] seed) {
    try {
      for (int i = 0; i < seed.length % 4; i++) stream.onData(stream.getID(), ByteBuffer.allocate(PART * i));
      stream.onComplete(stream.getID());
    } catch (java.io.IOException e) {
      throw new IllegalStateException(e);
    }
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
        assertThatThrownBy(() -> stranger.sendRpcSync(Message.hello(1, 0, 2, 2), 3_000)).isNotNull();
        refusesToServe(client(clients, ranks.addresses().get(1)));
        assertThatThrownBy(() -> clients.createUnmanagedClient("127.0.0.1", port(ranks.addresses().get(1)))
            .sendRpcSync(ByteBuffer.allocate(1 << 20), 3_000)).isNotNull();
      }
      stillWork(ranks);
    }
  }

  /** Frames whose length field promises up to 2 GB, and whose kinds are none: nothing is set aside for them. */
  @Test
  void lengthsThatStrangersPromiseAreNotBelieved() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected()) {
      int port = port(ranks.addresses().get(0));
      long before = usedDirectMemory();
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
      assertThat(usedDirectMemory() - before).isLessThan(64L << 20);
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

  private static long usedDirectMemory() {
    return java.lang.management.ManagementFactory.getPlatformMXBeans(java.lang.management.BufferPoolMXBean.class)
        .stream()
        .mapToLong(java.lang.management.BufferPoolMXBean::getMemoryUsed).sum();
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
