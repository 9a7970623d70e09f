package dev.kindling.train.kernel;

/**
 * What becomes of the product of a query and a key before the softmax: s = scale · q·k, then, where there is a cap, s = cap ·
 * tanh(s / cap) (Gemma Team 2024, arXiv:2408.00118, section 2), then a bias is added.
 *
 * @param softcap 0: none
 */
public record AttentionForm(float scale, float softcap) {
  public AttentionForm {
    if (!(scale > 0) || !(softcap >= 0)) throw new IllegalArgumentException("scale " + scale + ", softcap " + softcap);
  }

  /** Scale 1 / √headDim, no cap (Vaswani et al. 2017, eq. 1). */
  public static AttentionForm scaled(int headDim) {
    return new AttentionForm((float) (1 / Math.sqrt(headDim)), 0);
  }
}
