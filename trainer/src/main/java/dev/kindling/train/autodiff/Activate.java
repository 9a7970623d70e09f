package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.Activation;
import dev.kindling.train.tensor.Tensor;

/**
 * y = a(x), elementwise. Back: dx = dy a'(x).
 *
 * @param x stored; @param y stored, of the same shape
 */
public record Activate(Activation activation, Value x, Value y) implements Operation {
  public static Value of(Activation activation, Value x) {
    Tape tape = x.tape();
    Value y = tape.value(x.type(), x.shape());
    Tensor data = x.use();
    y.make(to -> tape.kernels().activations().activate(activation, data, to),
        (to, d) -> tape.kernels().activations().activateAgain(activation, data, to, d));
    tape.record(new Activate(activation, x, y));
    return y;
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    tape.flowThrough(y, x, (dy, dx) -> {
      if (!y.isPassedBack()) tape.kernels().activations().activateGradient(activation, x.data(), dy, dx);
    });
  }
}
