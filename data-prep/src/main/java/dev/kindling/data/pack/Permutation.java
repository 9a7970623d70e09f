package dev.kindling.data.pack;

/**
 * A pseudo-random permutation of 0 to size - 1 that needs no table: a balanced Feistel network of four rounds (Luby and Rackoff
 * 1988) over the smallest even number of bits that holds the size, walked along its cycle until it lands inside (Black and
 * Rogaway 2002, "Ciphers with arbitrary finite domains", section 4). The walk takes four steps at most on average.
 */
final class Permutation {
  private static final int ROUNDS = 4;

  private final long size;
  private final int halfBits;
  private final long halfMask;
  private final long[] keys = new long[ROUNDS];

  Permutation(long size, long key) {
    this.size = size;
    int bits = 64 - Long.numberOfLeadingZeros(Math.max(1, size - 1));
    halfBits = (bits + 1) / 2;
    halfMask = (1L << halfBits) - 1;
    for (int round = 0; round < ROUNDS; round++) keys[round] = mix(key + (round + 1) * 0x9E3779B97F4A7C15L);
  }

  /** @param index 0 to size - 1; @return another such number; no two indices give the same */
  long at(long index) {
    long walked = index;
    do
      walked = encrypt(walked);
    while (walked >= size);
    return walked;
  }

  /** The index at which {@link #at} gives this number. */
  long indexOf(long number) {
    long walked = number;
    do
      walked = decrypt(walked);
    while (walked >= size);
    return walked;
  }

  private long encrypt(long value) {
    long left = value >>> halfBits;
    long right = value & halfMask;
    for (long key : keys) {
      long next = left ^ mix(right + key) & halfMask;
      left = right;
      right = next;
    }
    return left << halfBits | right;
  }

  private long decrypt(long value) {
    long left = value >>> halfBits;
    long right = value & halfMask;
    for (int round = ROUNDS - 1; round >= 0; round--) {
      long before = right ^ mix(left + keys[round]) & halfMask;
      right = left;
      left = before;
    }
    return left << halfBits | right;
  }

  /** SplitMix64's finalizer (Steele, Lea and Flood 2014, figure 16). */
  static long mix(long z) {
    long a = (z ^ z >>> 30) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ a >>> 27) * 0x94D049BB133111EBL;
    return b ^ b >>> 31;
  }
}
