package dev.kindling.data.tokenizer;

/**
 * Byte-pair encoding from left to right: the longest token that fits its left neighbour, and shorter ones where the text cannot
 * go on behind it. The encoding of what lies before a position is the same whatever follows, if it ends there at all, so a
 * position that failed once never needs a second look, and a word takes time in proportion to its length. The way of van
 * Antwerpen and Neubeck, "So many tokens, so little time" (GitHub 2024); it holds for {@link OrderedMerges}.
 */
final class LongestMatches implements Merging {
  private final OrderedMerges merges;
  private final ByteTrie trie;
  private final int[] lengths;

  LongestMatches(OrderedMerges merges, byte[][] bytes, int[] idOfByte) {
    this.merges = merges;
    byte[][] made = new byte[bytes.length][];
    lengths = new int[bytes.length];
    for (int token = 0; token < made.length; token++) {
      if (!merges.isMade(token)) continue;
      made[token] = bytes[token];
      lengths[token] = bytes[token].length;
    }
    trie = new ByteTrie(made, idOfByte);
  }

  @Override
  public void encode(byte[] text, int start, int end, Ids ids) {
    int floor = ids.size();
    long[] failed = null;                                     // a bit a position; most words need none
    int at = start;
    int next = trie.longest(text, at, end);
    while (at < end) {
      while (next != ByteTrie.NONE && !fits(next, at - start + lengths[next], failed, ids, floor))
        next = trie.shorter(next);
      if (next != ByteTrie.NONE) {
        ids.add(next);
        at += lengths[next];
        if (at < end) next = trie.longest(text, at, end);
      } else {
        if (failed == null) failed = new long[(end - start >>> 6) + 1];
        failed[at - start >>> 6] |= 1L << (at - start);
        int last = ids.removeLast();
        at -= lengths[last];
        next = trie.shorter(last);
      }
    }
  }

  @Override
  public boolean makes(int token) {
    return merges.isMade(token);
  }

  private boolean fits(int token, int tokenEnd, long[] failed, Ids ids, int floor) {
    if (failed != null && (failed[tokenEnd >>> 6] >>> tokenEnd & 1) != 0) return false;
    return ids.size() == floor || merges.compatible(ids.last(), token);
  }
}
