package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.Tensor;

/**
 * The mean of some neighbouring rows: y[i] = mean of x[from .. to), zeros where the span is empty. Back: dx[r] = dy[i] / (to -
 * from) for the rows of span i, 0 for those of none. A span of one row takes that row: a sequence's first token.
 *
 * @param x float32 or stored [rows, width]
 * @param spans int32 [n, 2], from and to, not overlapping
 * @param y x's type [n, width]
 */
public record Pool(Value x, Tensor spans, Value y) implements Operation {
  public static Value of(Value x, Tensor spans) {
    Tape tape = x.tape();
    Value y = tape.value(x.type(), spans.size() / 2, x.data().dim(-1));
    tape.kernels().lookups().means(x.use(), spans, y.data());
    tape.record(new Pool(x, spans, y));
    return y;
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    tape.flow(x, Tape.gradientType(x),
        dx -> tape.kernels().lookups().meansGradient(y.dy(), spans, dx));
    tape.done(y);
  }
}
