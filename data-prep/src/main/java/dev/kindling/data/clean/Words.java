package dev.kindling.data.clean;

import java.util.Arrays;

/**
 * The words of a text as they are compared with another's: runs of letters, digits and marks in lower case; case, punctuation
 * and spaces do not count. In scripts that are written without spaces (Chinese, Japanese, Thai, ...) every letter is a word, with the
 * marks behind it.
 */
public final class Words {
  private static final long[] NONE = {};

  private long[] hashes = NONE;
  private int[] starts = {};
  private int count;

  private Words() {
  }

  public static Words of(String text) {
    Words words = new Words();
    long hash = 0;
    int start = -1;
    boolean letter = false;                                    // whether the word is one letter of a script without spaces
    for (int i = 0; i < text.length();) {
      int codePoint = text.codePointAt(i);
      boolean alone = Characters.standsAlone(codePoint);
      boolean mark = start >= 0 && Characters.isMark(codePoint);
      boolean inside = mark || Characters.isLetterOrDigit(codePoint);
      if (start >= 0 && !mark && (letter || alone || !inside)) {
        words.add(start, hash);
        start = -1;
      }
      if (inside) {
        if (start < 0) {
          start = i;
          hash = 0;
          letter = alone;
        }
        hash = Hashing.then(hash, Character.toLowerCase(codePoint));
      }
      i += Character.charCount(codePoint);
    }
    if (start >= 0) words.add(start, hash);
    return words;
  }

  public int count() {
    return count;
  }

  /** @return where the word begins in the text */
  public int start(int word) {
    return starts[word];
  }

  /** @return a hash of each run of n words, in order; empty where there are fewer words */
  public long[] grams(int n) {
    if (count < n) return NONE;
    long[] grams = new long[count - n + 1];
    for (int i = 0; i < grams.length; i++) {
      long hash = n;
      for (int k = 0; k < n; k++) hash = Hashing.then(hash, hashes[i + k]);
      grams[i] = hash;
    }
    return grams;
  }

  private void add(int start, long hash) {
    if (count == hashes.length) {
      hashes = Arrays.copyOf(hashes, Math.max(16, count * 2));
      starts = Arrays.copyOf(starts, hashes.length);
    }
    hashes[count] = hash;
    starts[count++] = start;
  }
}
