package dev.kindling.train.autodiff;

/**
 * y = x/2 (1 + tanh u), u = √(2/π) (x + 0.044715 x³) (Hendrycks and Gimpel 2016): GPT-2's gelu_new. Back: dx = dy (1/2
 * (1 + tanh u) + x/2 (1 - tanh² u) √(2/π) (1 + 3 · 0.044715 x²)).
 *
 * @param x stored; @param y stored, of the same shape
 */
public record Gelu(Value x, Value y) implements Operation {
  public static Value of(Value x) {
    Tape tape = x.tape();
    Value y = tape.value(x.type(), x.data().shape());
    tape.kernels().gelu(x.use(), y.data());
    tape.record(new Gelu(x, y));
    return y;
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    tape.flowThrough(y, x, (dy, dx) -> tape.kernels().geluGradient(x.data(), dy, dx));
  }
}
