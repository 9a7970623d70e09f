package dev.kindling.train.nn;

import dev.kindling.train.autodiff.HeadsOf;
import dev.kindling.train.autodiff.Rotate;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.AttentionForm;

/**
 * Causal multi-head self-attention with grouped keys and values (Ainslie et al. 2023, arXiv:2305.13245; one group a head is
 * the attention of Vaswani et al. 2017, eq. 1):
 *
 * <pre>
 *   q = x Wq + bq     [rows, heads   · headDim]      normed and turned by its position, where the model does that
 *   k = x Wk + bk     [rows, kvHeads · headDim]      likewise
 *   v = x Wv + bv     [rows, kvHeads · headDim]
 *   y = softmax(scale q kᵀ + mask) v                 heads joined
 *   out = y Wo + bo   [rows, width], float32
 * </pre>
 *
 * Wq, Wk and Wv are matrices of their own, or one: side by side, or head by head.
 */
public final class Attention {
  private final Heading heading;
  private final Linear[] inputs;
  private final RowNorm queryNorm;
  private final RowNorm keyNorm;
  private final RotaryTable rotary;
  private final Linear output;

  private Attention(Heading heading, Linear[] inputs, RowNorm queryNorm, RowNorm keyNorm, RotaryTable rotary,
      Linear output) {
    this.heading = heading;
    this.inputs = inputs;
    this.queryNorm = queryNorm;
    this.keyNorm = keyNorm;
    this.rotary = rotary;
    this.output = output;
  }

  /**
   * Heads and how they look at one another.
   *
   * @param layer counted from 0; @param headByHead how one matrix for all three holds them; else side by side
   * @param window tokens that a token sees, itself included; 0: all before it
   */
  public record Heading(int layer, int heads, int keyValueHeads, int headDim, boolean headByHead, AttentionForm form,
      int window) {
    public Heading {
      if (headByHead && keyValueHeads != heads) throw new IllegalArgumentException("grouped heads stored head by head");
    }

    long queryWidth() {
      return (long) heads * headDim;
    }

    long keyWidth() {
      return (long) keyValueHeads * headDim;
    }

    /** The three matrices that one for all of them is. */
    public Stacked stacked(Orientation orientation) {
      return headByHead
          ? Stacked.ofOutputs(orientation, (long) headDim, (long) headDim, (long) headDim)
          : Stacked.ofOutputs(orientation, queryWidth(), keyWidth(), keyWidth());
    }

    /** @param part 0: queries, 1: keys, 2: values of a value that holds all three */
    HeadsOf in(Value all, int part) {
      if (headByHead) return new HeadsOf(all, part * headDim, 3 * headDim, heads, headDim);
      int offset = part == 0 ? 0 : (heads + (part - 1) * keyValueHeads) * headDim;
      return new HeadsOf(all, offset, headDim, part == 0 ? heads : keyValueHeads, headDim);
    }
  }

  /** One product for queries, keys and values. @param rotary null: heads are not turned */
  public static Attention fused(Heading heading, Linear input, RotaryTable rotary, Linear output) {
    return new Attention(heading, new Linear[]{input}, null, null, rotary, output);
  }

  /** @param queryNorm of each query head, [headDim], or null; @param keyNorm likewise; @param rotary null: none */
  public static Attention apart(Heading heading, Linear query, Linear key, Linear value, RowNorm queryNorm,
      RowNorm keyNorm, RotaryTable rotary, Linear output) {
    return new Attention(heading, new Linear[]{query, key, value}, queryNorm, keyNorm, rotary, output);
  }

  /** @param x stored [rows, width]; @return float32 [rows, width] */
  public Value forward(Value x, Pass pass) {
    HeadsOf[] parts = inputs.length == 1 ? fused(x, pass.context()) : apart(x, pass.context());
    Scoring scoring = new Scoring(heading.form, heading.window, pass.bias());
    return output.forwardToResidual(
        pass.context().attend(heading.layer, parts[0], parts[1], parts[2], scoring));
  }

  private HeadsOf[] fused(Value x, Context context) {
    Value all = inputs[0].forward(x);
    if (rotary != null) { for (int part = 0; part < 2; part++) all = turned(heading.in(all, part), context); }
    return new HeadsOf[]{heading.in(all, 0), heading.in(all, 1), heading.in(all, 2)};
  }

  private HeadsOf[] apart(Value x, Context context) {
    Value query = normed(inputs[0].forward(x), queryNorm);
    Value key = normed(inputs[1].forward(x), keyNorm);
    if (rotary != null) {
      query = turned(HeadsOf.joined(query, heading.heads), context);
      key = turned(HeadsOf.joined(key, heading.keyValueHeads), context);
    }
    return new HeadsOf[]{HeadsOf.joined(query, heading.heads), HeadsOf.joined(key, heading.keyValueHeads),
        HeadsOf.joined(inputs[2].forward(x), heading.keyValueHeads)};
  }

  private static Value normed(Value heads, RowNorm norm) {
    return norm == null ? heads : norm.forward(heads, heads.type());
  }

  private Value turned(HeadsOf heads, Context context) {
    return Rotate.of(heads.value(), heads.offset(), heads.step(), heads.count(), heads.headDim(), context.positions(),
        rotary.tables());
  }
}
