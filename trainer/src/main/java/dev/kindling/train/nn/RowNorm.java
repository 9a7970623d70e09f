package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Normalize;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.kernel.Norm;
import dev.kindling.train.tensor.DType;

/** A layer norm with scale and shift, or an RMS norm with a scale; of rows, or of parts of them as long as the scale. */
public final class RowNorm {
  private final Norm norm;
  private final Weight scale;
  private final Weight shift;

  private RowNorm(Norm norm, Weight scale, Weight shift) {
    this.norm = norm;
    this.scale = scale;
    this.shift = shift;
  }

  /** @param weights under the layer's own name; fresh ones change nothing */
  public static RowNorm of(Weights weights, Norm norm, long width) {
    Initial neutral = norm.offset() == 0 ? Initial.ONE : Initial.ZERO;
    return new RowNorm(norm, weights.vector("weight", width, neutral),
        norm.centered() ? weights.vector("bias", width, Initial.ZERO) : null);
  }

  /** @return stored [rows, width] */
  public Value forward(Residual h) {
    return h.normalize(norm, scale, shift);
  }

  /**
   * The norm of an addition, as the first Transformers had it (Vaswani et al. 2017, section 3.1).
   *
   * @param branch float32, spent; @param h float32 of the same shape
   * @return float32: what the next block adds to
   */
  public Value forward(Value branch, Value h) {
    return Normalize.ofSum(norm, branch, h, scale, shift, DType.FLOAT32).normalized();
  }

  /** @param type of the result; @return x's shape */
  public Value forward(Value x, DType type) {
    return Normalize.of(norm, x, scale, shift, type);
  }
}
