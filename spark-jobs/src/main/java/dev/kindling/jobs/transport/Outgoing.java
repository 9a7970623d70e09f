package dev.kindling.jobs.transport;

import dev.kindling.train.tensor.Tensor;
import java.util.List;
import org.apache.spark.network.buffer.NioManagedBuffer;

/**
 * What one call sends to one peer: parts of one length, a piece of each in turn, so that the peer can add the first piece
 * of all while the second is on its way. The bytes leave straight from the caller's memory.
 */
final class Outgoing {
  private final Exchange exchange;
  private final Peer peer;
  private final List<Tensor> parts;
  private final long bytes;                      // of each part
  private long at;
  private int part;

  Outgoing(Exchange exchange, Peer peer, List<Tensor> parts) {
    this.exchange = exchange;
    this.peer = peer;
    this.parts = parts;
    this.bytes = parts.get(0).bytes();
  }

  boolean isDone() {
    return at >= bytes;
  }

  /** Sends the next piece if the peer can take it. @return whether one was sent */
  boolean push(long call) {
    if (isDone() || !exchange.mayPush(peer)) return false;
    peer.client.uploadStream(new NioManagedBuffer(Message.piece(exchange.epoch(), call, part, at)),
        new NioManagedBuffer(Incoming.view(parts.get(part), at)), exchange.delivery(peer));
    if (++part == parts.size()) {
      part = 0;
      at += Incoming.PIECE;
    }
    return true;
  }
}
