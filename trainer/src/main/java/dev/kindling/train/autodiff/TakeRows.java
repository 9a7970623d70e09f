package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.Tensor;

/**
 * y[i] = x[rows[i]], such as the positions that have a label. Back: dx[rows[i]] += dy[i], 0 in rows that nobody took.
 *
 * @param x float32 or stored [.., width]; @param rows int32 [n]; @param y x's type [n, width]
 */
public record TakeRows(Value x, Tensor rows, Value y) implements Operation {
  public static Value of(Value x, Tensor rows) {
    Tape tape = x.tape();
    Value y = tape.value(x.type(), rows.size(), x.data().dim(-1));
    tape.kernels().lookups().gather(rows, x.use(), 1, false, y.data());
    tape.record(new TakeRows(x, rows, y));
    return y;
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    tape.flowAdded(x, dx -> tape.kernels().lookups().gatherGradient(rows, y.dy(), 1, dx));
    tape.done(y);
  }
}
