package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Normalize;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;

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

  /** The layer norm of the stream. @return stored [rows, width] */
  Value normalize(Weight scale, Weight shift, float epsilon) {
    if (waiting == null) return Normalize.of(sum, scale, shift, epsilon);
    Normalize.Sum next = Normalize.ofSum(waiting, sum, scale, shift, epsilon);
    sum = next.sum();
    waiting = null;
    return next.normalized();
  }
}
