package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Activate;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.kernel.Activation;

/** y = gelu(x W + b) W' + b': [rows, width] → [rows, inner] → [rows, width]. */
public final class FeedForward {
  private final Linear up;
  private final Linear down;

  /** @param initial of the matrix in; @param outputInitial of the one out */
  public FeedForward(Weights weights, int width, int inner, Initial initial, Initial outputInitial) {
    up = new Linear(weights.under("c_fc"), width, inner, initial);
    down = new Linear(weights.under("c_proj"), inner, width, outputInitial);
  }

  /** @param x stored [rows, width]; @return float32 [rows, width] */
  public Value forward(Value x) {
    return down.forwardToResidual(Activate.of(Activation.GELU_TANH, up.forward(x)));
  }
}
