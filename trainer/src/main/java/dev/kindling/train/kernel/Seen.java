package dev.kindling.train.kernel;

/**
 * The keys that some queries of a sequence see, taken together: none outside [from, to).
 *
 * @param gaps whether keys in between may be seen by none of them
 * @param blind whether one of the queries sees nothing
 */
record Seen(int from, int to, boolean gaps, boolean blind) {
  static Seen of(AttentionInputs in, int sequence, int first, int count) {
    int from = Integer.MAX_VALUE;
    int to = 0;
    boolean gaps = false;
    boolean blind = false;
    for (int t = first; t < first + count; t++) {
      int start = in.from(sequence, t);
      int end = in.to(sequence, t);
      if (start >= end) {
        blind = true;
        continue;
      }
      boolean apart = start > to || end < from;                // from what was seen so far
      gaps |= apart && from != Integer.MAX_VALUE;
      from = Math.min(from, start);
      to = Math.max(to, end);
    }
    return new Seen(Math.min(from, to), to, gaps, blind);
  }

  /** What all queries of each sequence see. */
  static Seen[] ofSequences(AttentionInputs in) {
    Seen[] seen = new Seen[in.batch()];
    for (int i = 0; i < seen.length; i++) seen[i] = of(in, i, 0, in.queryTime());
    return seen;
  }

  boolean nothing() {
    return from >= to;
  }
}
