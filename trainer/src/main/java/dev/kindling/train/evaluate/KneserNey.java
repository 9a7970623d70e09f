package dev.kindling.train.evaluate;

import static dev.kindling.checkpoint.UserError.require;

import java.util.Arrays;

/**
 * Interpolated modified Kneser-Ney smoothing (Chen and Goodman 1999, "An empirical study of smoothing techniques for language
 * modeling", section 3 and eq. 26 there): the n-gram baseline that language models are measured with.
 *
 * <pre>
 *   p(w | h)  = max(c(hw) - D(c(hw)), 0) / c(h·)  +  (D1 N1(h·) + D2 N2(h·) + D3 N3+(h·)) / c(h·)  ·  p(w | h')
 *   D1 = 1 - 2Y t2/t1    D2 = 2 - 3Y t3/t2    D3+ = 3 - 4Y t4/t3    Y = t1 / (t1 + 2 t2)
 * </pre>
 *
 * h' is h without its first token; below single tokens stands the uniform distribution over the vocabulary, so that nothing
 * has probability 0. c is the count for the longest n-grams, and for all shorter ones the number of different tokens that were
 * seen before them (the start of a document counts as one). t1..t4 are the n-grams of a length with c = 1..4; where a corpus
 * is so small that one of them is 0, its discounts are 1/2, 1 and 3/2. A history that was never seen leaves p to h'.
 */
public final class KneserNey implements TokenModel {
  private final int vocabulary;
  private final Level[] levels;                  // [k]: n-grams of k + 1 tokens

  private KneserNey(int vocabulary, Level[] levels) {
    this.vocabulary = vocabulary;
    this.levels = levels;
  }

  /**
   * @param order n: how many tokens the longest n-grams have, the predicted one among them; 2 for bigrams
   * @param vocabulary ids are in [0, vocabulary)
   * @param documents n-grams do not cross from one to the next
   */
  public static KneserNey train(int order, int vocabulary, Iterable<int[]> documents) {
    require(order >= 2, "order", order, "2 or more");
    Level[] levels = new Level[order];
    for (int k = 0; k < order; k++) levels[k] = new Level();
    for (int[] tokens : documents) count(levels, tokens);
    for (int k = 0; k < order; k++) levels[k].sumUp(k == 0 ? 1 : levels[k - 1].nodes.size());
    return new KneserNey(vocabulary, levels);
  }

  /** Goes from right to left: when an n-gram is seen first, the n-gram without its first token is known already. */
  private static void count(Level[] levels, int[] tokens) {
    int order = levels.length;
    int[] next = new int[order];                 // [k]: the n-gram of k + 1 tokens that starts one to the right
    int[] here = new int[order];
    for (int start = tokens.length - 1; start >= 0; start--) {
      int node = 0;
      for (int k = 0; k < order && start + k < tokens.length; k++) {
        int known = levels[k].nodes.size();
        node = levels[k].nodes.add(node, tokens[start + k]);
        here[k] = node;
        if (k == order - 1) levels[k].increment(node);
        else if (start == 0) levels[k].increment(node);
        if (node == known && k > 0) levels[k - 1].increment(next[k - 1]);
      }
      int[] former = next;
      next = here;
      here = former;
    }
  }

  @Override
  public double probability(int[] tokens, int at) {
    double p = 1.0 / vocabulary;
    for (int k = 0; k < levels.length && k <= at; k++) {
      int history = history(tokens, at - k, at);
      if (history < 0 || levels[k].total[history] == 0) break;      // then no longer history was seen either
      p = levels[k].interpolate(history, tokens[at], p);
    }
    return p;
  }

  /** @return the n-gram tokens[from, to), 0 for none at all, or -1 where it was never seen */
  private int history(int[] tokens, int from, int to) {
    int node = 0;
    for (int i = from; i < to && node >= 0; i++) node = levels[i - from].nodes.find(node, tokens[i]);
    return node;
  }

  /** The n-grams of one length. */
  private static final class Level {
    private final NodeMap nodes = new NodeMap();
    private int[] counts = new int[1 << 10];
    private final double[] discounts = new double[4];      // by count, 3 for all from 3 on
    private long[] total;                        // by history: the sum of the counts of what follows it
    private double[] freed;                      // by history: the sum of their discounts

    void increment(int node) {
      if (node >= counts.length) counts = Arrays.copyOf(counts, Math.max(node + 1, 2 * counts.length));
      counts[node]++;
    }

    void sumUp(int histories) {
      counts = Arrays.copyOf(counts, nodes.size());
      long[] t = new long[5];
      for (int count : counts) if (count < t.length) t[count]++;
      double y = (double) t[1] / (t[1] + 2 * t[2]);
      boolean estimable = t[1] > 0 && t[2] > 0 && t[3] > 0 && t[4] > 0;
      for (int i = 1; i < discounts.length; i++) {
        double estimate = i - (i + 1) * y * t[i + 1] / t[i];
        discounts[i] = estimable ? Math.max(0, Math.min(i, estimate)) : i / 2.0;
      }
      total = new long[histories];
      freed = new double[histories];
      for (int node = 0; node < nodes.size(); node++) {
        total[nodes.prefix(node)] += counts[node];
        freed[nodes.prefix(node)] += discount(counts[node]);
      }
    }

    private double discount(int count) {
      return discounts[Math.min(count, discounts.length - 1)];
    }

    double interpolate(int history, int token, double shorter) {
      int node = nodes.find(history, token);
      double own = node < 0 ? 0 : counts[node] - discount(counts[node]);
      return (own + freed[history] * shorter) / total[history];
    }
  }
}
