package dev.kindling.train.evaluate;

import java.util.Arrays;

/**
 * The n-grams of one length as children of those one shorter: (prefix's number, last token) → a number of their own, counted
 * from 0 in the order of arrival. Open addressing over packed longs: 12 to 24 bytes an n-gram.
 */
final class NodeMap {
  private static final int TOKEN_BITS = 24;
  private static final int SMALLEST = 1 << 10;
  private long[] keys = new long[SMALLEST];      // of the n-grams, by number
  private int[] slots = filled(2 * SMALLEST);    // numbers by hash, -1: free
  private int size;

  private static int[] filled(int length) {
    int[] slots = new int[length];
    Arrays.fill(slots, -1);
    return slots;
  }

  int size() {
    return size;
  }

  /** The number of the n-gram's prefix. */
  int prefix(int node) {
    return (int) (keys[node] >>> TOKEN_BITS);
  }

  /** @return the n-gram's number, or -1 */
  int find(int prefix, int token) {
    return slots[slot(key(prefix, token))];
  }

  /** @return the n-gram's number; it is new where that is what {@link #size} was before */
  int add(int prefix, int token) {
    long key = key(prefix, token);
    int slot = slot(key);
    if (slots[slot] >= 0) return slots[slot];
    if (size == keys.length) {
      keys = Arrays.copyOf(keys, 2 * size);
      slots = filled(2 * keys.length);
      for (int node = 0; node < size; node++) slots[slot(keys[node])] = node;
      slot = slot(key);
    }
    keys[size] = key;
    slots[slot] = size;
    return size++;
  }

  private static long key(int prefix, int token) {
    return (long) prefix << TOKEN_BITS | token;
  }

  /** Where the key is, or the free place where it would go. */
  private int slot(long key) {
    long hash = key * 0x9E3779B97F4A7C15L;
    int slot = (int) (hash >>> 32) & slots.length - 1;
    while (slots[slot] >= 0 && keys[slots[slot]] != key) slot = slot + 1 & slots.length - 1;
    return slot;
  }
}
