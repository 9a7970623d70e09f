package dev.kindling.train.collective;

import java.nio.ByteBuffer;

/**
 * Fewer bytes for gradients, in blocks that are coded by themselves: a block's bytes depend on its values alone. What is no
 * number in a block makes one that is none of it for whoever decodes it, so that a run ends of it as it would have without.
 */
public sealed interface Codec permits Bfloat16Codec, EightBitCodec, ThresholdCodec, TopKCodec {
  /** Values of a block; the last of a vector may have fewer. */
  int BLOCK = 1024;

  /** Whether what is lost is kept and added to the next step's gradients (Seide et al. 2014; Karimireddy et al. 2019). */
  boolean feedsBack();

  /** Bytes of a block of {@code count} values, a multiple of 4. */
  int bytes(int count);

  /** @param values the first {@code count} of them; @param to as many bytes as {@link #bytes} says, little-endian */
  void encode(float[] values, int count, ByteBuffer to);

  /** @throws IllegalArgumentException where no encoder writes such bytes */
  void decode(ByteBuffer from, float[] values, int count);

  /** Bytes of a vector. */
  default long total(long elements) {
    long rest = elements % BLOCK;
    return elements / BLOCK * bytes(BLOCK) + (rest == 0 ? 0 : bytes((int) rest));
  }

  /** So many bytes, made a multiple of 4. */
  static int whole(int bytes) {
    return (bytes + 3) / 4 * 4;
  }
}
