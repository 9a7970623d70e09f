package dev.kindling.jobs.transport;

import java.nio.ByteBuffer;

/**
 * What ranks say to one another, big-endian. Every message starts with its kind and the sender's epoch.
 *
 * <pre>
 *   HELLO   kind 1, epoch 8, rank 4, ranks 4, virtual ranks 4     first on every connection
 *   READY   kind 1, epoch 8, call 8, plan 8                       "my memory for this call is ready"
 *   VALUE   kind 1, epoch 8, call 8, then the value's bytes       a small all-gather
 *   PIECE   kind 1, epoch 8, call 8, part 4, at 8                 head of a stream of vector bytes; at: byte in the part
 *   LEAVE   kind 1, epoch 8                                       "I have all that I need: my silence is no loss"
 *   PING    kind 1, epoch 8
 *   COMPLETE kind 1, epoch 8, call 8                             "nothing that I send in this call is still computed"
 * </pre>
 */
final class Message {
  enum Kind {
    HELLO(12), READY(16), VALUE(8), PIECE(20), LEAVE(0), PING(0), COMPLETE(8);

    private final int bytes;

    Kind(int bytes) {
      this.bytes = bytes;
    }
  }

  /** Kind and epoch. */
  static final int HEAD = 9;

  private Message() {
  }

  static ByteBuffer hello(long epoch, int rank, int worldSize, int virtualRanks) {
    return start(Kind.HELLO, epoch, 0).putInt(rank).putInt(worldSize).putInt(virtualRanks).flip();
  }

  static ByteBuffer ready(long epoch, long call, long plan) {
    return start(Kind.READY, epoch, 0).putLong(call).putLong(plan).flip();
  }

  static ByteBuffer value(long epoch, long call, byte[] value) {
    return start(Kind.VALUE, epoch, value.length).putLong(call).put(value).flip();
  }

  static ByteBuffer piece(long epoch, long call, int part, long at) {
    return start(Kind.PIECE, epoch, 0).putLong(call).putInt(part).putLong(at).flip();
  }

  static ByteBuffer leave(long epoch) {
    return start(Kind.LEAVE, epoch, 0).flip();
  }

  static ByteBuffer ping(long epoch) {
    return start(Kind.PING, epoch, 0).flip();
  }

  static ByteBuffer complete(long epoch, long call) {
    return start(Kind.COMPLETE, epoch, 0).putLong(call).flip();
  }

  private static ByteBuffer start(Kind kind, long epoch, int more) {
    return ByteBuffer.allocate(HEAD + kind.bytes + more).put((byte) kind.ordinal()).putLong(epoch);
  }

  /** Takes kind and epoch off a message and holds it to its length and to {@code epoch}. */
  static Kind read(ByteBuffer message, long epoch) {
    if (message.remaining() < HEAD)
      throw new IllegalArgumentException("a message of " + message.remaining() + " bytes");
    int number = message.get();
    if (number < 0 || number >= Kind.values().length) throw new IllegalArgumentException("a message of kind " + number);
    Kind kind = Kind.values()[number];
    long of = message.getLong();
    if (of != epoch) {
      throw new IllegalStateException(kind + " of attempt " + of + " refused: this rank belongs to attempt " + epoch);
    }
    boolean whole = kind == Kind.VALUE ? message.remaining() >= kind.bytes : message.remaining() == kind.bytes;
    if (!whole) throw new IllegalArgumentException(kind + " with " + message.remaining() + " bytes");
    return kind;
  }
}
