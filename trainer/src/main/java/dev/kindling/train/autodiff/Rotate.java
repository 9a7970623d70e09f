package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.Heads;
import dev.kindling.train.tensor.Tensor;

/**
 * Rotary positions of some heads among a value's columns (Su et al. 2021, arXiv:2104.09864, eq. 34), in place: pairs of
 * columns (i, i + half) of a head, i < half, are rotated by the angle of the row's position. Back: dx is dy rotated back.
 *
 * @param tables cos and sin of each position
 * @param offset of the first head's first column; @param step from head to head
 * @param y over x's memory
 */
public record Rotate(Value x, int offset, int step, int heads, int headDim, Tensor positions, Tables tables, Value y)
    implements
      Operation {

  /** @param cos float32 [positions, half], with any factor that a scaling type multiplies in; @param sin likewise */
  public record Tables(Tensor cos, Tensor sin) {}

  /**
   * @param x stored [rows, columns], spent: its memory holds the result from here on
   * @param positions int32 [rows]
   */
  public static Value of(Value x, int offset, int step, int heads, int headDim, Tensor positions, Tables tables) {
    Tape tape = x.tape();
    Rotate rotate = new Rotate(x, offset, step, heads, headDim, positions, tables, new Value(tape, x.spend()));
    rotate.run(tape, x.data(), false);
    tape.record(rotate);
    return rotate.y;
  }

  private void run(Tape tape, Tensor data, boolean back) {
    Heads all = new Heads(data.reshape(1, data.rows(), data.dim(-1)), offset, step, heads, headDim);
    tape.kernels().rotate(all, positions, tables.cos, tables.sin, back);
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    tape.flowInPlace(y, x, d -> run(tape, d, true));
  }
}
