package dev.kindling.data.tokenizer;

import java.util.Arrays;
import java.util.List;

/**
 * The merges of a byte-pair vocabulary: pair of ids to (rank, id of the whole). An open hash table over primitives, since
 * encoding asks it several times a byte. Safe for use by many threads.
 */
final class MergeTable {
  /** Pair of token ids and the token that they make. */
  record Merge(int left, int right, int whole) {}

  static final int NONE = Integer.MAX_VALUE;

  private final List<Merge> merges;
  private final long[] pairs;
  private final int[] ranks;
  private final int mask;

  MergeTable(List<Merge> merges) {
    this.merges = List.copyOf(merges);
    int capacity = Integer.highestOneBit(Math.max(8, merges.size() * 4 - 1)) << 1;
    pairs = new long[capacity];
    ranks = new int[capacity];
    mask = capacity - 1;
    Arrays.fill(pairs, -1);
    for (int rank = 0; rank < merges.size(); rank++) {
      Merge merge = merges.get(rank);
      int slot = slot(pair(merge.left(), merge.right()));
      pairs[slot] = pair(merge.left(), merge.right());
      ranks[slot] = rank;                                     // a pair named twice: the later one holds, as in a map
    }
  }

  List<Merge> merges() {
    return merges;
  }

  /** @return how early the pair is merged, 0 first; {@link #NONE} where it is not */
  int rank(int left, int right) {
    long pair = pair(left, right);
    int slot = slot(pair);
    return pairs[slot] == pair ? ranks[slot] : NONE;
  }

  int whole(int rank) {
    return merges.get(rank).whole();
  }

  private int slot(long pair) {
    long hash = pair * 0x9E3779B97F4A7C15L;
    int slot = (int) (hash >>> 32) & mask;
    while (pairs[slot] != -1 && pairs[slot] != pair) slot = (slot + 1) & mask;
    return slot;
  }

  static long pair(int left, int right) {
    return (long) left << 32 | right;
  }
}
