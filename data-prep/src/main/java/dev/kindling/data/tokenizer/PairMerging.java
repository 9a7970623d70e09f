package dev.kindling.data.tokenizer;

import java.util.Arrays;

/** Merge after merge, as the definition has it, for any table of merges; {@code n log n} for a word of n bytes. */
final class PairMerging implements Merging {
  /** Up to here looking at every pair anew is quicker than keeping a queue. */
  private static final int SHORT = 48;

  private final MergeTable merges;
  private final int[] idOfByte;

  PairMerging(MergeTable merges, int[] idOfByte) {
    this.merges = merges;
    this.idOfByte = idOfByte;
  }

  @Override
  public void encode(byte[] text, int start, int end, Ids ids) {
    int[] symbols = new int[end - start];
    for (int i = 0; i < symbols.length; i++) symbols[i] = idOfByte[text[start + i] & 0xFF];
    ids.add(merge(symbols, merges));
  }

  @Override
  public boolean makes(int token) {
    return false;
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
    LongQueue queue = new LongQueue(n);
    for (int i = 0; i < n; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
      if (i + 1 < n) offer(queue, table.rank(ids[i], ids[i + 1]), i);
    }
    int left = n;
    while (!queue.isEmpty()) {
      long top = queue.poll();
      int rank = (int) (top >>> 32);
      int at = (int) top;
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

  private static void offer(LongQueue queue, int rank, int position) {
    if (rank != MergeTable.NONE) queue.add((long) rank << 32 | position);
  }

  /** A binary heap of longs, the smallest first. */
  private static final class LongQueue {
    private long[] heap;
    private int size;

    LongQueue(int room) {
      heap = new long[Math.max(1, room)];
    }

    boolean isEmpty() {
      return size == 0;
    }

    void add(long value) {
      if (size == heap.length) heap = Arrays.copyOf(heap, size * 2);
      int at = size++;
      for (int parent = at - 1 >>> 1; at > 0 && heap[parent] > value; parent = at - 1 >>> 1) {
        heap[at] = heap[parent];
        at = parent;
      }
      heap[at] = value;
    }

    long poll() {
      long top = heap[0];
      long value = heap[--size];
      int at = 0;
      for (int child = 1; child < size; child = 2 * at + 1) {
        if (child + 1 < size && heap[child + 1] < heap[child]) child++;
        if (heap[child] >= value) break;
        heap[at] = heap[child];
        at = child;
      }
      heap[at] = value;
      return top;
    }
  }
}
