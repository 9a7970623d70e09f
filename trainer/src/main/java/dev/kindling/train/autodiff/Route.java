package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The experts of each row: those with the k largest logits, weighted by the softmax over these k (Mixtral: the softmax over all
 * experts, its largest k divided by their sum). No expert has a capacity: each takes all rows that chose it.
 *
 * @param logits float32 [rows, experts]
 * @param chosen int32 [rows, k]
 * @param weights float32 [rows, k]
 */
public record Route(Value logits, Tensor chosen, Value weights) implements Operation {
  /**
   * The rows of one expert, in their order.
   *
   * @param rows int32 [n]; @param slots int32 [n], where in the weights [rows, k] each stands
   */
  public record Part(int expert, Tensor rows, Tensor slots) {}

  /** @param perRow k, experts of a row */
  public static Route of(Value logits, int perRow) {
    Tape tape = logits.tape();
    long rows = logits.data().rows();
    Tensor chosen = tape.take(DType.INT32, rows, perRow);
    Value weights = tape.value(DType.FLOAT32, rows, perRow);
    tape.kernels().routing().route(logits.use(), chosen, weights.data());
    Route route = new Route(logits, chosen, weights);
    tape.record(route);
    return route;
  }

  /** The same choices, made of other values of the same numbers: those that are kept where a part is computed again. */
  public Route over(Value sameLogits) {
    return sameLogits == logits ? this : new Route(sameLogits, chosen, weights);
  }

  /** Experts that some row chose, in order. */
  public List<Part> parts() {
    long[] counts = counts(null);
    Tensor[] rows = new Tensor[counts.length];
    Tensor[] slots = new Tensor[counts.length];
    List<Part> parts = new ArrayList<>();
    for (int e = 0; e < counts.length; e++) {
      if (counts[e] == 0) continue;
      rows[e] = logits.tape().take(DType.INT32, counts[e]);
      slots[e] = logits.tape().take(DType.INT32, counts[e]);
      parts.add(new Part(e, rows[e], slots[e]));
    }
    long[] next = new long[counts.length];
    for (int slot = 0; slot < chosen.size(); slot++) {
      int expert = int32(chosen, slot);
      long at = next[expert]++ * Integer.BYTES;
      Raw.putInt(rows[expert].address() + at, (int) (slot / chosen.dim(-1)));
      Raw.putInt(slots[expert].address() + at, slot);
    }
    return parts;
  }

  /** How often each expert was chosen. @param counted int32 [rows], 0 where a row does not count; null: all do */
  long[] counts(Tensor counted) {
    long[] counts = new long[Math.toIntExact(logits.data().dim(-1))];
    for (long slot = 0; slot < chosen.size(); slot++) {
      if (counted == null || int32(counted, slot / chosen.dim(-1)) != 0) counts[int32(chosen, slot)]++;
    }
    return counts;
  }

  private static int int32(Tensor of, long i) {
    return Raw.getInt(of.address() + i * Integer.BYTES);
  }

  @Override
  public void backward(Tape tape) {
    if (weights.dy() == null) return;
    tape.flow(logits, DType.FLOAT32,
        d -> tape.kernels().routing().routeGradient(chosen, weights.data(), weights.dy(), d));
    tape.done(weights);
  }
}
