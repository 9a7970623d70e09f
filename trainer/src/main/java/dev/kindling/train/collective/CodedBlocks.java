package dev.kindling.train.collective;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Vectors in a {@link Codec}'s blocks, which threads code side by side. */
final class CodedBlocks {
  private static final int GROUP = 64;           // blocks that one thread codes at once
  private static final int WORD = 4;             // bytes of an element of the tensors that hold frames
  private final Codec codec;
  private final Kernels kernels;
  private final float[][][] scratch;             // by worker

  CodedBlocks(Codec codec, Kernels kernels) {
    this.codec = codec;
    this.kernels = kernels;
    scratch = new float[kernels.pool().threads()][3][Codec.BLOCK];
  }

  /** One block of a vector: values [from, from + count), whose bytes start at {@code at}; three arrays to work in. */
  interface Block {
    void run(long from, int count, long at, float[][] arrays);
  }

  void each(long size, Block body) {
    long step = (long) GROUP * Codec.BLOCK;
    kernels.pool().run(Math.toIntExact((size + step - 1) / step), (group, worker) -> {
      for (long from = group * step; from < Math.min(size, (group + 1) * step); from += Codec.BLOCK) {
        body.run(from, (int) Math.min(Codec.BLOCK, size - from), codec.total(from), scratch[worker]);
      }
    });
  }

  /** The bytes of a block of so many values, which start at {@code at}. */
  ByteBuffer frame(Tensor of, long at, int count) {
    return of.buffer(at / WORD, codec.bytes(count) / WORD).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Elements, of four bytes, of the tensor that holds so many values as the codec has them. */
  static long words(Codec codec, long values) {
    return codec.total(values) / WORD;
  }

  /** Bytes of all frames that a rank sends and gets where each other sends it this one's shard and gets its own. */
  static long bytes(Codec codec, Shards shards, int rank) {
    long bytes = 0;
    for (int r = 0; r < shards.worldSize(); r++) {
      if (r != rank) bytes += codec.total(shards.size(r)) + codec.total(shards.size(rank));
    }
    return bytes;
  }

  /** @throws IllegalStateException where no encoder makes such bytes; names the rank that sent them */
  void decode(int rank, ByteBuffer frame, float[] into, int count) {
    try {
      codec.decode(frame, into, count);
    } catch (IllegalArgumentException e) {
      throw new IllegalStateException("rank " + rank + " sends what " + codec + " never makes: " + e.getMessage(), e);
    }
  }
}
