package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.UserError.require;

/**
 * The shares of numbers that are zeroed at random while a model learns (Srivastava et al. 2014), by where they stand; 0 where a
 * family drops nothing. What a model says is computed without.
 *
 * @param embedding of what the first block reads
 * @param residual of what a block's branches add
 * @param attention of attention's weights
 * @param labels of what the matrix of labels reads; -1: as {@code residual}
 */
public record DropoutRates(float embedding, float residual, float attention, float labels) {
  public static final DropoutRates NONE = new DropoutRates(0, 0, 0, 0);
  private static final float AS_RESIDUAL = -1;

  public DropoutRates {
    check("embedding", embedding);
    check("residual", residual);
    check("attention", attention);
    if (labels != AS_RESIDUAL) check("labels", labels);
  }

  private static void check(String where, float rate) {
    require(rate >= 0 && rate < 1, "dropout of " + where, rate, "from 0 on and below 1");
  }

  /** One rate wherever a family drops out. */
  public static DropoutRates of(float rate) {
    return new DropoutRates(rate, rate, rate, rate);
  }

  /** Of labels. */
  public float ofLabels() {
    return labels == AS_RESIDUAL ? residual : labels;
  }

  boolean labelsAsResidual() {
    return labels == AS_RESIDUAL;
  }

  /** Of attention's weights alone. */
  DropoutRates onlyAttention() {
    return new DropoutRates(0, 0, attention, 0);
  }

  /** Of decoders, which have no labels. */
  DropoutRates withoutLabels() {
    return new DropoutRates(embedding, residual, attention, 0);
  }

  /** Where nothing stands between the embedding and the first block. */
  DropoutRates withoutEmbedding() {
    return new DropoutRates(0, residual, attention, 0);
  }
}
