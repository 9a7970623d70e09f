package dev.kindling.data.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The tokens of words seen before. A table of fixed size, read and written by all threads without locks: its entries never
 * change and have final fields only, so that a thread sees a whole entry or none, and of two that write a place one is kept.
 * A new word displaces an old one where the few places that it can have are taken.
 */
final class WordCache {
  /** Longer words are seldom seen twice. */
  static final int LONGEST = 64;
  private static final int PACKED = 16;
  private static final int WAYS = 4;
  private static final int BITS = 17;
  private static final long MULTIPLIER = 0x9E3779B97F4A7C15L;
  private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** A word of {@code length} bytes: its first 16 in two longs, all of them where there are more. */
  private static final class Entry {
    final long first;
    final long second;
    final int length;
    final byte[] bytes;
    final int token;
    final int[] tokens;

    Entry(byte[] text, int start, int end, int[] tokens) {
      first = eight(text, start, end);
      second = eight(text, start + 8, end);
      length = end - start;
      bytes = length > PACKED ? Arrays.copyOfRange(text, start, end) : null;
      token = tokens[0];
      this.tokens = tokens.length == 1 ? null : tokens;
    }

    boolean is(long first, long second, byte[] text, int start, int end) {
      return this.first == first && this.second == second && length == end - start
          && (bytes == null || Arrays.equals(bytes, 0, length, text, start, end));
    }
  }

  private final Entry[] entries = new Entry[1 << BITS];

  /** Adds the tokens of a word of 1 to {@link #LONGEST} bytes, if it is here; @return whether it was */
  boolean addTokens(byte[] text, int start, int end, Ids ids) {
    long first = eight(text, start, end);
    long second = eight(text, start + 8, end);
    int place = place(hash(first, second, text, start, end));
    for (int way = 0; way < WAYS; way++) {
      Entry entry = entries[place + way];
      if (entry == null) return false;
      if (!entry.is(first, second, text, start, end)) continue;
      if (entry.tokens == null) ids.add(entry.token);
      else ids.add(entry.tokens);
      return true;
    }
    return false;
  }

  /** @param tokens one at least; kept, not copied */
  void put(byte[] text, int start, int end, int[] tokens) {
    Entry entry = new Entry(text, start, end, tokens);
    long hash = hash(entry.first, entry.second, text, start, end);
    int place = place(hash);
    int way = 0;
    while (way < WAYS && entries[place + way] != null) way++;
    entries[place + (way < WAYS ? way : (int) hash & WAYS - 1)] = entry;
  }

  private static int place(long hash) {
    return (int) (hash >>> 64 - BITS) & -WAYS;
  }

  private static long hash(long first, long second, byte[] text, int start, int end) {
    long hash = (first ^ end - start) * MULTIPLIER;
    hash = (hash ^ hash >>> 32 ^ second) * MULTIPLIER;
    if (end - start > PACKED) {
      for (int i = start + PACKED; i + 8 <= end; i += 8)
        hash = (hash ^ hash >>> 32 ^ (long) LONG.get(text, i)) * MULTIPLIER;
      hash = (hash ^ hash >>> 32 ^ (long) LONG.get(text, end - 8)) * MULTIPLIER;
    }
    return (hash ^ hash >>> 32) * MULTIPLIER;
  }

  /** The bytes from {@code start} on, eight at most, the first in the lowest place; nothing behind {@code end} is in it. */
  private static long eight(byte[] text, int start, int end) {
    int count = end - start;
    if (count <= 0) return 0;
    if (start + 8 <= text.length) {
      long eight = (long) LONG.get(text, start);
      return count >= 8 ? eight : eight & (1L << 8 * count) - 1;
    }
    long eight = 0;
    for (int i = end - 1; i >= start; i--) eight = eight << 8 | text[i] & 0xFF;
    return eight;
  }
}
