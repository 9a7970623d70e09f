package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Normalize;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.kernel.Norm;
import dev.kindling.train.tensor.DType;

/**
 * The float32 stream that runs through a pre-norm model and that blocks add to. An addition waits for the norm that
 * reads the stream next, so that both are one pass over memory.
 */
public final class Residual {
  private Value sum;
  private Value waiting;

  /** @param start float32 [rows, width] */
  public Residual(Value start) {
    sum = start;
  }

  /** @param branch float32 [rows, width]; its memory becomes the sum's */
  public void add(Value branch) {
    if (waiting != null) throw new IllegalStateException("two additions without a norm between them");
    waiting = branch;
  }

  /** The stream's norm. @return stored [rows, width] */
  Value normalize(Norm norm, Weight scale, Weight shift) {
    DType stored = sum.tape().stored();
    if (waiting == null) return Normalize.of(norm, sum, scale, shift, stored);
    Normalize.Sum next = Normalize.ofSum(norm, waiting, sum, scale, shift, stored);
    sum = next.sum();
    waiting = null;
    return next.normalized();
  }
}
