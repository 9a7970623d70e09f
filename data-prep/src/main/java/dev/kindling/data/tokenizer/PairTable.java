package dev.kindling.data.tokenizer;

import java.util.Arrays;

/** Pairs of token ids and an int each: an open hash table over primitives. */
final class PairTable {
  static final int NONE = -1;

  private final long[] pairs;
  private final int[] values;
  private final int shift;

  /** @param most pairs that are put */
  PairTable(int most) {
    int bits = 34 - Integer.numberOfLeadingZeros(Math.max(2, most));
    pairs = new long[1 << bits];
    values = new int[1 << bits];
    shift = 64 - bits;
    Arrays.fill(pairs, NONE);
  }

  /** @return what was put last, or {@link #NONE} */
  int get(int left, int right) {
    long pair = MergeTable.pair(left, right);
    int slot = slot(pair);
    return pairs[slot] == pair ? values[slot] : NONE;
  }

  void put(int left, int right, int value) {
    long pair = MergeTable.pair(left, right);
    int slot = slot(pair);
    pairs[slot] = pair;
    values[slot] = value;
  }

  private int slot(long pair) {
    int slot = (int) (pair * 0x9E3779B97F4A7C15L >>> shift);
    while (pairs[slot] != pair && pairs[slot] != NONE) slot = slot + 1 & pairs.length - 1;
    return slot;
  }
}
