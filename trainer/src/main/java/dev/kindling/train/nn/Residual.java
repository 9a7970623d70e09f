package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Add;
import dev.kindling.train.autodiff.Normalize;
import dev.kindling.train.autodiff.Recompute;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.autodiff.Weight;
import dev.kindling.train.kernel.Norm;
import dev.kindling.train.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

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

  /**
   * Runs a block on the stream. Where the tape recomputes, all that is kept of it is the stream before it.
   *
   * @param block given the stream; @return float32 values that it has besides
   */
  List<Value> through(Function<Residual, List<Value>> block) {
    if (!sum.tape().recomputes()) return block.apply(this);
    List<Value> outputs = Recompute.ofSeveral(settled(), x -> {
      Residual inner = new Residual(x);
      List<Value> all = new ArrayList<>(block.apply(inner));
      all.add(inner.settled());
      return all;
    });
    sum = outputs.get(outputs.size() - 1);
    return outputs.subList(0, outputs.size() - 1);
  }

  /** The stream with what waits added. */
  private Value settled() {
    Value all = waiting == null ? sum : Add.of(waiting, sum);
    sum = all;
    waiting = null;
    return all;
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
