package dev.kindling.jobs.transport;

import dev.kindling.train.tensor.Tensor;
import java.util.List;
import org.apache.spark.network.buffer.NioManagedBuffer;

/**
 * What one call sends to one peer: parts of one length from their ends on, a piece of each in turn, so that the peer can add the
 * last piece of all while the one before is on its way. The bytes leave straight from the caller's memory.
 */
final class Outgoing {
  private final Exchange exchange;
  private final Peer peer;
  private final List<Tensor> parts;
  private final long first;
  private long left;                             // bytes of each part
  private int part;

  /** @param first which element of the caller's vectors the parts start with */
  Outgoing(Exchange exchange, Peer peer, List<Tensor> parts, long first) {
    this.exchange = exchange;
    this.peer = peer;
    this.parts = parts;
    this.first = first;
    this.left = parts.get(0).bytes();
  }

  boolean isDone() {
    return left == 0;
  }

  /** Sends the next piece if it is complete and the peer can take it. @return whether one was sent */
  boolean push(long call, long complete) {
    if (isDone()) return false;
    long at = Incoming.lastPiece(left);
    if (first + at / Float.BYTES < complete || !exchange.mayPush(peer)) return false;
    peer.client.uploadStream(new NioManagedBuffer(Message.piece(exchange.epoch(), call, part, at)),
        new NioManagedBuffer(Incoming.view(parts.get(part), at)), exchange.delivery(peer));
    if (++part == parts.size()) {
      part = 0;
      left = at;
    }
    return true;
  }
}
