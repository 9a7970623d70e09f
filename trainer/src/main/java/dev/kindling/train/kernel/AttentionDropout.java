package dev.kindling.train.kernel;

import dev.kindling.train.tensor.CounterRandom;

/**
 * Dropout of attention's weights (Srivastava et al. 2014; Vaswani et al. 2017, section 5.4): after the softmax each is divided by 1 -
 * rate, or with probability {@code rate} zero. Which, is a function of {@code random} and of (sequence, head, query, key) alone: the
 * keys of a query are elements of one {@link KeepMask}, however they are cut into tiles.
 *
 * @param rate above 0 and below 1
 */
public record AttentionDropout(float rate, CounterRandom random) {
  public AttentionDropout {
    if (!(rate > 0 && rate < 1)) throw new IllegalArgumentException("a dropout rate of " + rate);
  }

  /** What the mask of a query's keys is made of. */
  private long bits(AttentionInputs in, int sequence, int head, int query) {
    return random.bits(((long) sequence * in.heads() + head) * in.queryTime() + query);
  }

  /** Of a query's weights those of {@code n} keys from {@code key} on. */
  void mask(RowKernels kernels, float[] weights, AttentionInputs in, int sequence, int head, int query, int key,
      int n) {
    long bits = KeepMask.from(bits(in, sequence, head, query), key);
    kernels.mask(weights, bits, KeepMask.threshold(rate), KeepMask.factor(rate), n);
  }

  /** What a weight is multiplied with. */
  float factor(AttentionInputs in, int sequence, int head, int query, int key) {
    boolean kept = KeepMask.keeps(bits(in, sequence, head, query), key, KeepMask.threshold(rate));
    return kept ? KeepMask.factor(rate) : 0;
  }
}
