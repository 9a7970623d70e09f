package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Tensor;

/**
 * Layer norm and RMS norm, with or without an addition before. A group of {@code scale.size()} neighbouring elements is
 * normalized by itself: a row, or one head of it. "Groups" below counts them.
 */
public interface Norms {
  /**
   * sum = x + residual; y = the norm of sum; stats[g] = (m, 1/√(v + epsilon)), as {@link Norm} has it.
   *
   * @param x float32 or stored; float32 where there is a residual
   * @param residual float32 like x, or null: then sum is x itself and not written
   * @param sum float32 like x, may be x
   * @param scale float32 [width]; @param shift float32 [width], or null: none
   * @param y x's size, float32 or stored
   * @param stats float32 [groups, 2]
   */
  void normalize(Norm norm, Tensor x, Tensor residual, Tensor sum, Tensor scale, Tensor shift, Tensor y, Tensor stats);

  /**
   * The way back: dx = dResidual + d(norm)/d(sum), gradients of scale and shift added where they are given. With h = (sum -
   * m) / √(v + epsilon) and e = dy ⊙ (offset + scale): dx = (e - [mean(e) where centered] - h mean(e ⊙ h)) / √(v + epsilon).
   *
   * @param dy float32 or stored
   * @param sum what the norm read
   * @param dResidual float32 gradient that reaches sum past the norm, or null; may be dx
   * @param dx float32 or stored
   * @param dScale float32 [width], or null: frozen; @param dShift likewise
   */
  void normalizeGradient(Norm norm, Tensor dy, Tensor sum, Tensor scale, Tensor stats, Tensor dResidual, Tensor dx,
      Tensor dScale, Tensor dShift);
}
