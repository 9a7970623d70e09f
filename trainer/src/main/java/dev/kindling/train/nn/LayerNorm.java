package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.kernel.Norm;

/** Layer norm with scale and shift (Ba et al. 2016), read off the residual stream. */
public final class LayerNorm {
  private final Weight scale;
  private final Weight shift;
  private final Norm norm;

  public LayerNorm(Weights weights, long width, float epsilon) {
    scale = weights.vector("weight", width, Initial.ONE);
    shift = weights.vector("bias", width, Initial.ZERO);
    norm = Norm.layer(epsilon);
  }

  /** @return stored [rows, width] */
  public Value forward(Residual h) {
    return h.normalize(norm, scale, shift);
  }
}
