package dev.kindling.data.decontaminate;

import dev.kindling.data.clean.Hashing;
import java.io.Serializable;
import java.util.Arrays;

/** A set of 64-bit hashes that is made once and asked often: open addressing, at least half empty. */
final class LongSet implements Serializable {
  private static final long serialVersionUID = 1L;

  private final long[] slots;
  private final boolean zero;

  LongSet(long[] values) {
    slots = new long[Integer.highestOneBit(Math.max(4, values.length)) << 2];
    zero = Arrays.stream(values).anyMatch(value -> value == 0);
    for (long value : values) slots[slot(value)] = value;
  }

  boolean contains(long value) {
    return value == 0 ? zero : slots[slot(value)] == value;
  }

  private int slot(long value) {
    int slot = (int) Hashing.mix(value) & slots.length - 1;
    while (slots[slot] != 0 && slots[slot] != value) slot = slot + 1 & slots.length - 1;
    return slot;
  }
}
