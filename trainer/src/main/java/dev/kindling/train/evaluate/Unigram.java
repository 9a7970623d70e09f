package dev.kindling.train.evaluate;

/** Tokens by themselves: p(w) = (count(w) + 1) / (all + vocabulary). */
public final class Unigram implements TokenModel {
  private final double[] probability;

  private Unigram(double[] probability) {
    this.probability = probability;
  }

  /** @param vocabulary ids are in [0, vocabulary) */
  public static Unigram train(int vocabulary, Iterable<int[]> documents) {
    long[] counts = new long[vocabulary];
    long all = 0;
    for (int[] tokens : documents) {
      for (int token : tokens) counts[token]++;
      all += tokens.length;
    }
    double[] probability = new double[vocabulary];
    for (int i = 0; i < vocabulary; i++) probability[i] = (counts[i] + 1.0) / (all + vocabulary);
    return new Unigram(probability);
  }

  @Override
  public double probability(int[] tokens, int at) {
    return probability[tokens[at]];
  }
}
