package dev.kindling.train.nn;

import dev.kindling.train.autodiff.HeadsOf;
import dev.kindling.train.autodiff.Value;

/**
 * Causal multi-head self-attention (Vaswani et al. 2017, section 3.2.2), queries, keys and values from one product:
 *
 * <pre>
 *   q, k, v = x W + b                            [rows, 3 · heads · headDim]
 *   y = softmax(q kᵀ / √headDim + mask) v        heads joined
 *   out = y Wo + bo                              [rows, width], float32
 * </pre>
 */
public final class Attention {
  private final int layer;
  private final int heads;
  private final int headDim;
  private final Linear queryKeyValue;
  private final Linear output;

  /** @param layer counted from 0; @param initial of the projections in; @param outputInitial of the one out */
  public Attention(Weights weights, int layer, int width, int heads, Initial initial, Initial outputInitial) {
    this.layer = layer;
    this.heads = heads;
    headDim = width / heads;
    queryKeyValue = new Linear(weights.under("c_attn"), width, 3L * width, initial);
    output = new Linear(weights.under("c_proj"), width, width, outputInitial);
  }

  /** @param x stored [rows, width]; @return float32 [rows, width] */
  public Value forward(Value x, Context context) {
    Value qkv = queryKeyValue.forward(x);
    Value found = context.attend(layer, heads(qkv, 0), heads(qkv, 1), heads(qkv, 2), Scoring.scaled(headDim));
    return output.forwardToResidual(found);
  }

  /** @param part 0: queries, 1: keys, 2: values */
  private HeadsOf heads(Value qkv, int part) {
    return new HeadsOf(qkv, part * heads * headDim, headDim, heads, headDim);
  }
}
