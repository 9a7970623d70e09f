package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.Heads;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/**
 * {@link Heads} of a value: head h is columns [offset + h · step, offset + h · step + headDim) of each of its rows.
 *
 * @param value [rows, columns]
 * @param count heads
 */
public record HeadsOf(Value value, int offset, int step, int count, int headDim) {
  /** All columns, head after head. */
  public static HeadsOf joined(Value value, int count) {
    int headDim = Math.toIntExact(value.data().dim(-1) / count);
    return new HeadsOf(value, 0, headDim, count, headDim);
  }

  /** The same heads of another tensor of the value's shape, such as its gradient, as {@code batch} sequences. */
  Heads in(Tensor rows, long batch) {
    return new Heads(rows.reshape(batch, rows.rows() / batch, rows.dim(-1)), offset, step, count, headDim);
  }

  /** Copies what was computed. @param to of the value's type [rows, count · headDim], heads joined */
  public void copyTo(Tensor to) {
    Tensor from = value.data();
    long bytes = (long) headDim * from.type().bytes();
    if (to.type() != from.type() || to.size() != from.rows() * count * headDim) {
      throw new IllegalArgumentException(to + " has no room for " + this);
    }
    for (long r = 0; r < from.rows(); r++) {
      for (int h = 0; h < count; h++) {
        long element = r * from.dim(-1) + offset + (long) h * step;
        Raw.copy(from.address() + element * from.type().bytes(), to.address() + (r * count + h) * bytes, bytes);
      }
    }
  }
}
