package dev.kindling.train.kernel;

/**
 * What becomes of the product of a query and a key before the softmax: s = scale · q·k, then, where there is a cap, s = cap ·
 * tanh(s / cap) (Gemma Team 2024, arXiv:2408.00118, section 2), then a bias is added; and which share of the weights is
 * dropped after it, while a model learns ({@link AttentionDropout}).
 *
 * @param softcap 0: none; @param dropout 0: none
 */
public record AttentionForm(float scale, float softcap, float dropout) {
  public AttentionForm {
    if (!(scale > 0) || !(softcap >= 0) || !(dropout >= 0 && dropout < 1)) {
      throw new IllegalArgumentException("scale " + scale + ", softcap " + softcap + ", dropout " + dropout);
    }
  }

  /** Drops nothing. */
  public AttentionForm(float scale, float softcap) {
    this(scale, softcap, 0);
  }

  public AttentionForm dropping(float rate) {
    return new AttentionForm(scale, softcap, rate);
  }

  /** Scale 1 / √headDim, no cap (Vaswani et al. 2017, eq. 1). */
  public static AttentionForm scaled(int headDim) {
    return new AttentionForm((float) (1 / Math.sqrt(headDim)), 0);
  }
}
