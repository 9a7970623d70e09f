package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.DType;

/**
 * y = x in another type, rounded to nearest even. Back: dx = dy.
 *
 * @param x float32 or stored; @param y likewise
 */
public record Convert(Value x, Value y) implements Operation {
  /** @return x itself where it has that type */
  public static Value of(Value x, DType type) {
    if (x.type() == type) return x;
    Tape tape = x.tape();
    Value y = tape.value(type, x.data().shape());
    tape.kernels().convert(x.useForward(), y.data());
    tape.record(new Convert(x, y));
    return y;
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    tape.flow(x, y.gradient.share());
    tape.done(y);
  }
}
