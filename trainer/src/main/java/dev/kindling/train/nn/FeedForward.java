package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Activate;
import dev.kindling.train.autodiff.Dropout;
import dev.kindling.train.autodiff.Gate;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.Activation;

/**
 * A feed-forward layer, [rows, width] → [rows, inner] → [rows, width]:
 *
 * <pre>
 *   plain   y = a(x U) D
 *   gated   y = (a(x G) ⊙ x U) D       (Shazeer 2020, arXiv:2002.05202, eq. 6); G and U may be one matrix
 * </pre>
 *
 * each product with its bias where the model has one.
 */
public final class FeedForward implements Branch {
  private final Activation activation;
  private final Linear gate;
  private final Linear up;
  private final Linear down;
  private final float dropout;

  private FeedForward(Activation activation, Linear gate, Linear up, Linear down, float dropout) {
    this.activation = activation;
    this.gate = gate;
    this.up = up;
    this.down = down;
    this.dropout = dropout;
  }

  public static FeedForward plain(Activation activation, Linear up, Linear down) {
    return new FeedForward(activation, null, up, down, 0);
  }

  public static FeedForward gated(Activation activation, Linear gate, Linear up, Linear down) {
    return new FeedForward(activation, gate, up, down, 0);
  }

  /** @param both gate and up side by side */
  public static FeedForward fused(Activation activation, Linear both, Linear down) {
    return new FeedForward(activation, both, null, down, 0);
  }

  /** The same with dropout of what the last product reads, as in T5. */
  public FeedForward dropping(float rate) {
    return new FeedForward(activation, gate, up, down, rate);
  }

  @Override
  public Value forward(Value x, Pass pass) {
    return forward(x);
  }

  /** @param x stored [rows, width]; @return float32 [rows, width] */
  public Value forward(Value x) {
    Value inner = Dropout.of(inner(x), dropout);
    Value y = down.forwardToResidual(inner);
    inner.forget();
    return y;
  }

  private Value inner(Value x) {
    if (gate == null) return Activate.of(activation, up.forward(x));
    if (up == null) return Gate.ofHalves(activation, gate.forward(x));
    return Gate.of(activation, gate.forward(x), up.forward(x));
  }
}
