package dev.kindling.data.tokenizer;

import java.util.Arrays;
import java.util.PriorityQueue;

/**
 * Byte-pair encoding of one word (Sennrich, Haddow and Birch 2016, algorithm 1): of all neighbours that have a merge, the one
 * with the lowest rank, the leftmost of these, becomes one, until none has.
 */
final class PairMerging {
  /** Up to here looking at every pair anew is quicker than keeping a queue. */
  private static final int SHORT = 48;

  private PairMerging() {
  }

  /** @param ids the symbols of the word; written over; @return the tokens */
  static int[] merge(int[] ids, MergeTable table) {
    return ids.length <= SHORT ? mergeShort(ids, table) : mergeLong(ids, table);
  }

  private static int[] mergeShort(int[] ids, MergeTable table) {
    int length = ids.length;
    int[] ranks = new int[length];
    for (int i = 0; i + 1 < length; i++) ranks[i] = table.rank(ids[i], ids[i + 1]);
    while (length > 1) {
      int best = 0;
      for (int i = 1; i + 1 < length; i++) if (ranks[i] < ranks[best]) best = i;
      if (ranks[best] == MergeTable.NONE) break;
      ids[best] = table.whole(ranks[best]);
      System.arraycopy(ids, best + 2, ids, best + 1, length - best - 2);
      System.arraycopy(ranks, best + 2, ranks, best + 1, length - best - 2);
      length--;
      if (best > 0) ranks[best - 1] = table.rank(ids[best - 1], ids[best]);
      if (best + 1 < length) ranks[best] = table.rank(ids[best], ids[best + 1]);
    }
    return Arrays.copyOf(ids, length);
  }

  /** A linked list of symbols and a queue of (rank, position): n log n, whatever the word. */
  private static int[] mergeLong(int[] ids, MergeTable table) {
    int n = ids.length;
    int[] next = new int[n];
    int[] previous = new int[n];
    boolean[] gone = new boolean[n];
    PriorityQueue<Long> queue = new PriorityQueue<>();
    for (int i = 0; i < n; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
      if (i + 1 < n) offer(queue, table.rank(ids[i], ids[i + 1]), i);
    }
    int left = n;
    for (Long top = queue.poll(); top != null; top = queue.poll()) {
      int rank = (int) (top >>> 32);
      int at = (int) (long) top;
      int second = gone[at] ? n : next[at];
      if (second >= n || table.rank(ids[at], ids[second]) != rank) continue;   // made before one of the two was merged
      ids[at] = table.whole(rank);
      gone[second] = true;
      left--;
      next[at] = next[second];
      if (next[at] < n) {
        previous[next[at]] = at;
        offer(queue, table.rank(ids[at], ids[next[at]]), at);
      }
      if (previous[at] >= 0) offer(queue, table.rank(ids[previous[at]], ids[at]), previous[at]);
    }
    int[] tokens = new int[left];
    for (int i = 0, k = 0; i < n; i = next[i]) tokens[k++] = ids[i];
    return tokens;
  }

  private static void offer(PriorityQueue<Long> queue, int rank, int position) {
    if (rank != MergeTable.NONE) queue.add((long) rank << 32 | position);
  }
}
