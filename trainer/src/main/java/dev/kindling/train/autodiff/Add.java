package dev.kindling.train.autodiff;

/**
 * y = a + b, over a's memory. Back: da = db = dy.
 *
 * @param a float32; @param b float32 or stored, of the same size
 */
public record Add(Value a, Value b, Value y) implements Operation {
  /** @param a spent: its memory holds the sum from here on */
  public static Value of(Value a, Value b) {
    Tape tape = a.tape();
    Value y = new Value(tape, a.spend());
    tape.kernels().add(b.useForward(), y.data());
    tape.record(new Add(a, b, y));
    return y;
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    tape.flow(a, y.gradient.share());
    tape.flow(b, y.gradient.share());
    tape.done(y);
  }
}
