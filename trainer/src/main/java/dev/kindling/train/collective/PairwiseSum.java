package dev.kindling.train.collective;

/** Sums of doubles in one fixed order, a binary tree over their places: short chains of roundings, the same everywhere. */
public final class PairwiseSum {
  private PairwiseSum() {
  }

  public static double of(double[] values) {
    return of(values, 0, values.length);
  }

  private static double of(double[] values, int from, int to) {
    if (to - from == 0) return 0;
    if (to - from == 1) return values[from];
    int middle = from + Integer.highestOneBit(to - from - 1);
    return of(values, from, middle) + of(values, middle, to);
  }
}
