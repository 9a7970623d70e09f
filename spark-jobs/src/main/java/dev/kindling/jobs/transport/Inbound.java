package dev.kindling.jobs.transport;

import dev.kindling.jobs.transport.Message.Kind;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.spark.network.buffer.ManagedBuffer;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.StreamCallbackWithID;
import org.apache.spark.network.client.TransportClient;
import org.apache.spark.network.server.RpcHandler;
import org.apache.spark.network.server.StreamManager;
import org.apache.spark.network.util.TransportFrameDecoder;

/**
 * What peers may ask of this rank; Spark lets only those through that have authenticated. Everything they say is held to
 * what is expected of them before it is used. What is wrong is refused and logged; where a rank of the run sent it, it is lost.
 */
final class Inbound extends RpcHandler {
  private static final AttributeKey<Peer> PEER = AttributeKey.valueOf(Inbound.class, "peer");
  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
  private final Exchange exchange;
  private final int worldSize;
  private final int virtualRanks;
  private final Refusals refusals = new Refusals();

  Inbound(Exchange exchange, int worldSize, int virtualRanks) {
    this.exchange = exchange;
    this.worldSize = worldSize;
    this.virtualRanks = virtualRanks;
  }

  @Override
  public void channelActive(TransportClient client) {
    client.getSocketAddress();                   // a channel that was asked while it is open still knows it afterwards
    client.getChannel().pipeline().addBefore(TransportFrameDecoder.HANDLER_NAME, StrangerLimit.NAME,
        new StrangerLimit(refusals));
  }

  @Override
  public void channelInactive(TransportClient client) {
    Peer peer = client.getChannel().attr(PEER).get();
    if (peer != null) exchange.lost(peer, new IOException("it closed its connection"));
    else warn(client, "it ended before it said which rank it is, as one does that does not know the secret");
  }

  /** What is no message, or came before the authentication. What a connection itself suffers is no refusal. */
  @Override
  public void exceptionCaught(Throwable cause, TransportClient client) {
    if (cause instanceof RuntimeException wrong) refused(client, wrong);
  }

  /** @return why, to be thrown: Spark then tells the sender */
  private RuntimeException refused(TransportClient client, RuntimeException why) {
    warn(client, why.getMessage() == null ? why.toString() : why.getMessage());
    Peer peer = client.getChannel().attr(PEER).get();
    if (peer != null) exchange.lost(peer, why);
    return why;
  }

  /** A rank that has failed or is closed has ended its connections itself. */
  private void warn(TransportClient client, String why) {
    if (exchange.failure() == null) refusals.tell(client.getChannel(), why);
  }

  @Override
  public void receive(TransportClient client, ByteBuffer message, RpcResponseCallback callback) {
    try {
      Kind kind = Message.read(message, exchange.epoch());
      if (kind == Kind.HELLO) meet(client.getChannel(), message);
      else hear(known(client), kind, message);
    } catch (RuntimeException e) {
      throw refused(client, e);
    }
    callback.onSuccess(NOTHING.duplicate());
  }

  private void meet(Channel channel, ByteBuffer hello) {
    int rank = hello.getInt();
    int ranks = hello.getInt();
    int virtual = hello.getInt();
    if (ranks != worldSize || virtual != virtualRanks) {
      throw new IllegalStateException("rank " + rank + " belongs to " + ranks + " ranks with " + virtual
          + " virtual ranks, not to " + worldSize + " with " + virtualRanks);
    }
    channel.attr(PEER).set(exchange.met(rank, channel));
    ((StrangerLimit) channel.pipeline().get(StrangerLimit.NAME)).lift();
  }

  private void hear(Peer peer, Kind kind, ByteBuffer message) {
    switch (kind) {
      case READY -> exchange.ready(peer, message.getLong(), message.getLong());
      case COMPLETE -> exchange.complete(peer, message.getLong());
      case VALUE -> {
        long call = message.getLong();
        if (message.remaining() > Exchange.LARGEST_VALUE) {
          throw new IllegalArgumentException(peer + " sends a value of " + message.remaining() + " bytes");
        }
        byte[] value = new byte[message.remaining()];   // these bytes are here: no length was believed
        message.get(value);
        exchange.value(peer, call, value);
      }
      case LEAVE -> exchange.leaving(peer);
      case PING -> {
      }
      default -> throw new IllegalArgumentException(peer + " sends " + kind + " as a message");
    }
  }

  /** What it throws comes back as what its channel's pipeline has caught. */
  @Override
  public StreamCallbackWithID receiveStream(TransportClient client, ByteBuffer head, RpcResponseCallback callback) {
    Peer peer = known(client);
    Kind kind = Message.read(head, exchange.epoch());
    if (kind != Kind.PIECE) throw new IllegalArgumentException(peer + " sends " + kind + " as a stream");
    long call = head.getLong();
    int part = head.getInt();
    ByteBuffer target = exchange.accept(peer, call, part, head.getLong());
    return new StreamCallbackWithID() {
      @Override
      public String getID() {
        return "call " + call;
      }

      @Override
      public void onData(String id, ByteBuffer bytes) {
        if (bytes.remaining() > target.remaining()) {
          throw refused(client, new IllegalArgumentException(peer + " sends " + (target.position() + bytes.remaining())
              + " bytes or more of a piece of " + target.capacity()));
        }
        exchange.write(peer, call, bytes, target);
      }

      @Override
      public void onComplete(String id) {
        if (target.hasRemaining()) {
          throw refused(client, new IllegalArgumentException(
              peer + " sends " + target.position() + " bytes of a piece of " + target.capacity()));
        }
        exchange.arrived(peer, call, part, target.capacity());
      }

      @Override
      public void onFailure(String id, Throwable e) {
        exchange.lost(peer, e);
      }
    };
  }

  private static Peer known(TransportClient client) {
    Peer peer = client.getChannel().attr(PEER).get();
    if (peer == null) throw new SecurityException("a connection starts with " + Kind.HELLO);
    return peer;
  }

  /** Chunk and stream requests bypass Spark's authentication: nothing is served. */
  @Override
  public StreamManager getStreamManager() {
    return new StreamManager() {
      @Override
      public ManagedBuffer getChunk(long streamId, int chunkIndex) {
        throw new UnsupportedOperationException("nothing to fetch here");
      }
    };
  }
}
