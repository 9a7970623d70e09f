package dev.kindling.train.nn;

import dev.kindling.train.autodiff.HeadsOf;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.AttentionForm;
import dev.kindling.train.nn.EncoderOutput.KeysAndValues;

/**
 * Multi-head attention with a product each for queries, keys and values (Vaswani et al. 2017, section 3.2.2), to its own
 * sequence or to an encoder's output:
 *
 * <pre>
 *   q = x Wq, k = c Wk, v = c Wv     [rows, heads · headDim]; c: x itself, or the encoder's hidden states
 *   y = softmax(scale q kᵀ + bias) v  heads joined
 *   out = y Wo                        [rows, width], float32
 * </pre>
 */
public final class ProjectedAttention {
  private final int layer;
  private final int heads;
  private final AttentionForm form;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;

  /** @param layer counted from 0 */
  public ProjectedAttention(int layer, int heads, AttentionForm form, Linear query, Linear key, Linear value,
      Linear output) {
    this.layer = layer;
    this.heads = heads;
    this.form = form;
    this.query = query;
    this.key = key;
    this.value = value;
    this.output = output;
  }

  /**
   * Self-attention.
   *
   * @param x stored [rows, width]; @param bias float32 [heads, queryTime + keyTime - 1], or null
   * @return float32 [rows, width]
   */
  public Value forward(Value x, Context context, Value bias) {
    HeadsOf q = HeadsOf.joined(query.forward(x), heads);
    KeysAndValues own = keysAndValues(x);
    return output.forwardToResidual(context.attend(layer, q, own.keys(), own.values(), new Scoring(form, 0, bias)));
  }

  /** Cross-attention. @param x stored [rows, width]; @return float32 [rows, width] */
  public Value forward(Value x, EncoderOutput encoded) {
    HeadsOf q = HeadsOf.joined(query.forward(x), heads);
    return output.forwardToResidual(encoded.attend(layer, q, this::keysAndValues, form));
  }

  /** What queries are held against. @param c stored [rows, width] */
  public KeysAndValues keysAndValues(Value c) {
    return new KeysAndValues(HeadsOf.joined(key.forward(c), heads), HeadsOf.joined(value.forward(c), heads));
  }
}
