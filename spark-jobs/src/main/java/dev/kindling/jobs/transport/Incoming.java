package dev.kindling.jobs.transport;

import dev.kindling.train.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The memory that one call's vector bytes land in, by peer and part, and how far each has come. A peer's pieces come in
 * order, from the last to the first, on one connection: a piece is taken only at the place that its part has reached, so nothing
 * counts twice.
 */
final class Incoming {
  /** Bytes of one piece; the last of a part may be shorter. */
  static final int PIECE = 1 << 20;
  /** A call that takes no vectors. */
  static final Incoming NOTHING = new Incoming(List.of());

  private final List<List<Tensor>> parts;
  private final long[][] received;               // bytes
  private final boolean inPieces;

  /** What is used piece by piece, as it comes. @param parts float32, by peer; an empty list for this rank itself */
  Incoming(List<List<Tensor>> parts) {
    this(parts, true);
  }

  private Incoming(List<List<Tensor>> parts, boolean inPieces) {
    this.parts = parts;
    this.inPieces = inPieces;
    this.received = parts.stream().map(of -> new long[of.size()]).toArray(long[][]::new);
  }

  /** What is used when all of it is there. */
  static Incoming whole(List<List<Tensor>> parts) {
    return new Incoming(parts, false);
  }

  /** Whether the rank's thread can do something with what has come last. */
  boolean isAwaited() {
    return inPieces || has(Long.MAX_VALUE);
  }

  /** Where a piece that a peer announces belongs; throws when it belongs nowhere. */
  ByteBuffer target(int peer, int part, long at) {
    if (peer >= parts.size() || part < 0 || part >= parts.get(peer).size()) {
      throw new IllegalArgumentException("rank " + peer + " sends part " + part + ", which is not expected");
    }
    Tensor into = parts.get(peer).get(part);
    long left = into.bytes() - received[peer][part];
    if (left == 0 || at != lastPiece(left)) {
      throw new IllegalArgumentException("rank " + peer + " sends byte " + at + " of part " + part + ", which lacks "
          + left + " of " + into.bytes());
    }
    return view(into, at);
  }

  void received(int peer, int part, int bytes) {
    received[peer][part] += bytes;
  }

  /** Whether the last {@code bytes} of every part (all of a shorter one) are here. */
  boolean has(long bytes) {
    for (int peer = 0; peer < received.length; peer++) {
      for (int part = 0; part < received[peer].length; part++) {
        if (received[peer][part] < Math.min(bytes, parts.get(peer).get(part).bytes())) return false;
      }
    }
    return true;
  }

  /** Where the last piece of so many bytes starts. */
  static long lastPiece(long bytes) {
    return (bytes - 1) / PIECE * PIECE;
  }

  /** The piece of a vector that starts at byte {@code at}. */
  static ByteBuffer view(Tensor of, long at) {
    return of.buffer(at / Float.BYTES, Math.min(PIECE, of.bytes() - at) / Float.BYTES);
  }
}
