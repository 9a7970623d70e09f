package dev.kindling.data.tokenizer;

/**
 * Byte-pair encoding of one word (Sennrich, Haddow and Birch 2016, algorithm 1): of all neighbours that have a merge, the one
 * with the lowest rank, the leftmost of these, becomes one, until none has. Safe for use by many threads.
 */
sealed interface Merging permits PairMerging, LongestMatches {
  /** Adds the tokens of the bytes from {@code start} to {@code end}, which are a word. */
  void encode(byte[] text, int start, int end, Ids ids);

  /** Whether the token is known to be the encoding of its own bytes. */
  boolean makes(int token);

  /** The way that suits the merges. @param bytes of each token; @param idOfByte the tokens of the 256 bytes */
  static Merging of(MergeTable merges, byte[][] bytes, int[] idOfByte) {
    OrderedMerges ordered = OrderedMerges.of(merges, bytes.length, idOfByte);
    return ordered == null ? new PairMerging(merges, idOfByte) : new LongestMatches(ordered, bytes, idOfByte);
  }
}
