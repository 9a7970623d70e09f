package dev.kindling.data.clean;

/** How often each of many 64-bit hashes was seen: open addressing, 12 bytes a slot. */
final class LongCounts {
  private final long[] keys;
  private final int[] counts;

  /** @param most different keys that will come */
  LongCounts(int most) {
    int slots = Integer.highestOneBit(Math.max(8, most)) << 2;
    keys = new long[slots];
    counts = new int[slots];
  }

  /** @return how often the key was seen, this time included */
  int add(long key) {
    int slot = slot(key);
    keys[slot] = key;
    return ++counts[slot];
  }

  int count(long key) {
    return counts[slot(key)];
  }

  private int slot(long key) {
    int slot = (int) Hashing.mix(key) & keys.length - 1;
    while (counts[slot] > 0 && keys[slot] != key) slot = slot + 1 & keys.length - 1;
    return slot;
  }
}
