package dev.kindling.train.autodiff;

/**
 * y = factor · x, in place. Back: dx = factor · dy.
 *
 * @param y over x's memory
 */
public record Scale(Value x, float factor, Value y) implements Operation {
  /** @param x spent; @return x itself where the factor is 1 */
  public static Value of(Value x, float factor) {
    if (factor == 1) return x;
    Tape tape = x.tape();
    Value y = new Value(tape, x.spend());
    tape.kernels().scale(x.data(), factor, y.data());
    tape.record(new Scale(x, factor, y));
    return y;
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    tape.flowInPlace(y, x, d -> tape.kernels().scale(d, factor, d));
  }
}
