package dev.kindling.train.nn;

/**
 * A pre-norm decoder block (Radford et al. 2019, section 2.3):
 *
 * <pre>
 *   h = h + attention(norm(h))
 *   h = h + feedForward(norm(h))
 * </pre>
 */
public final class Block {
  private final LayerNorm attentionNorm;
  private final Attention attention;
  private final LayerNorm feedForwardNorm;
  private final FeedForward feedForward;

  /** @param layer counted from 0; @param residualInitial of the two matrices that write to the residual stream */
  public Block(Weights weights, int layer, int width, int heads, int inner, float epsilon, Initial initial,
      Initial residualInitial) {
    attentionNorm = new LayerNorm(weights.under("ln_1"), width, epsilon);
    attention = new Attention(weights.under("attn"), layer, width, heads, initial, residualInitial);
    feedForwardNorm = new LayerNorm(weights.under("ln_2"), width, epsilon);
    feedForward = new FeedForward(weights.under("mlp"), width, inner, initial, residualInitial);
  }

  public void forward(Residual h, Context context) {
    h.add(attention.forward(attentionNorm.forward(h), context));
    h.add(feedForward.forward(feedForwardNorm.forward(h)));
  }
}
