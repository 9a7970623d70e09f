package dev.kindling.train.kernel;

/**
 * The keys that some queries of a sequence see, taken together: none outside [from, to).
 *
 * @param gaps whether keys in between may be seen by none of them
 * @param blind whether one of the queries sees nothing
 */
record Seen(int from, int to, boolean gaps, boolean blind) {
  /** Products end on multiples of this, so that documents of all lengths need products of few shapes. */
  private static final int STEP = 32;

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

  /** How many keys products look at: all before the last that is seen, and those up to a multiple of {@link #STEP}. */
  int keys(AttentionInputs in) {
    return Math.min(in.keyTime(), (to + STEP - 1) / STEP * STEP);
  }

  /** Which of these keys some of the same queries see; null: all. */
  boolean[] ofKeys(AttentionInputs in, int sequence, int first, int count) {
    int keys = keys(in);
    if (from == 0 && to == keys && !gaps) return null;
    int[] changes = new int[keys + 1];                       // how many more queries see a key than the key before
    for (int t = first; t < first + count; t++) {
      if (in.from(sequence, t) >= in.to(sequence, t)) continue;
      changes[in.from(sequence, t)]++;
      changes[in.to(sequence, t)]--;
    }
    boolean[] seen = new boolean[keys];
    int now = 0;
    for (int key = 0; key < keys; key++) {
      now += changes[key];
      seen[key] = now > 0;
    }
    return seen;
  }

  boolean nothing() {
    return from >= to;
  }
}
