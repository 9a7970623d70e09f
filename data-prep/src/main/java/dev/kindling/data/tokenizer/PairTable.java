package dev.kindling.data.tokenizer;

import java.util.Arrays;

/**
 * Pairs of token ids and an int each: an open hash table over primitives. Most pairs that are asked for are not there, which a
 * bit in an array that stays in the cache says for nearly all of them.
 */
final class PairTable {
  static final int NONE = -1;

  private final long[] pairs;
  private final int[] values;
  private final long[] present;
  private final int shift;

  /** @param most pairs that are put */
  PairTable(int most) {
    int bits = 34 - Integer.numberOfLeadingZeros(Math.max(2, most));
    pairs = new long[1 << bits];
    values = new int[1 << bits];
    present = new long[1 << bits - 3];                        // 8 bits a slot
    shift = 64 - bits;
    Arrays.fill(pairs, NONE);
  }

  /** @return what was put last, or {@link #NONE} */
  int get(int left, int right) {
    long pair = MergeTable.pair(left, right);
    int bit = (int) (hash(pair) >>> shift - 3);
    if ((present[bit >>> 6] >>> bit & 1) == 0) return NONE;
    int slot = slot(pair);
    return pairs[slot] == pair ? values[slot] : NONE;
  }

  void put(int left, int right, int value) {
    long pair = MergeTable.pair(left, right);
    int bit = (int) (hash(pair) >>> shift - 3);
    present[bit >>> 6] |= 1L << bit;
    int slot = slot(pair);
    pairs[slot] = pair;
    values[slot] = value;
  }

  private static long hash(long pair) {
    return pair * 0x9E3779B97F4A7C15L;
  }

  private int slot(long pair) {
    int slot = (int) (hash(pair) >>> shift);
    while (pairs[slot] != pair && pairs[slot] != NONE) slot = slot + 1 & pairs.length - 1;
    return slot;
  }
}
