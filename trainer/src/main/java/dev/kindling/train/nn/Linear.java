package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Multiply;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.tensor.DType;

/** y = x W + b, with W stored [in, out] as GPT-2's files have it. */
public final class Linear {
  private final Weight weight;
  private final Weight bias;

  public Linear(Weights weights, long in, long out, Initial initial) {
    weight = weights.matrix("weight", in, out, initial);
    bias = weights.vector("bias", out, Initial.ZERO);
  }

  /** @param x stored [rows, in]; @return stored [rows, out] */
  public Value forward(Value x) {
    return Multiply.of(x, weight, bias, x.type());
  }

  /** For what is added to a residual stream. @return float32 [rows, out] */
  public Value forwardToResidual(Value x) {
    return Multiply.of(x, weight, bias, DType.FLOAT32);
  }
}
