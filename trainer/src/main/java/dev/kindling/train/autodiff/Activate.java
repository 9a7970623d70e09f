package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.Activation;

/**
 * y = a(x), elementwise. Back: dx = dy a'(x).
 *
 * @param x stored; @param y stored, of the same shape
 */
public record Activate(Activation activation, Value x, Value y) implements Operation {
  public static Value of(Activation activation, Value x) {
    Tape tape = x.tape();
    Value y = tape.value(x.type(), x.data().shape());
    tape.kernels().activations().activate(activation, x.use(), y.data());
    tape.record(new Activate(activation, x, y));
    return y;
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    tape.flowThrough(y, x, (dy, dx) -> tape.kernels().activations().activateGradient(activation, x.data(), dy, dx));
  }
}
