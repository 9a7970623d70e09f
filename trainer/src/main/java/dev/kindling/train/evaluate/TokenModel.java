package dev.kindling.train.evaluate;

/** A baseline: the probability of a token after the tokens before it. */
public interface TokenModel {
  /**
   * @param tokens a document or a row
   * @param at which of them is asked about; those before it are its history
   * @return positive; the probabilities of the whole vocabulary at one place sum to 1
   */
  double probability(int[] tokens, int at);

  /** Scores every token from place {@code first} on: what stands before is history only. */
  default Score score(Iterable<int[]> documents, int first) {
    double sum = 0;
    long count = 0;
    for (int[] tokens : documents) {
      for (int at = first; at < tokens.length; at++) sum -= Math.log(probability(tokens, at));
      count += Math.max(0, tokens.length - first);
    }
    return new Score(sum, count);
  }

  /** @param loss sum of -log p, in nats; @param tokens that were scored */
  record Score(double loss, long tokens) {
    public double perplexity() {
      return Math.exp(loss / tokens);
    }
  }
}
