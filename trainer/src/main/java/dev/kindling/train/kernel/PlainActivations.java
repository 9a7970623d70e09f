package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Tensor;

/** {@link Activations} in plain Java, in double. */
final class PlainActivations implements Activations {
  private static final double GELU_ROOT = Math.sqrt(2 / Math.PI);
  private static final double GELU_CUBE = 0.044715;
  private final PlainLoops loops;

  PlainActivations(PlainLoops loops) {
    this.loops = loops;
  }

  static double value(Activation a, double x) {
    return switch (a) {
      case GELU_TANH -> x / 2 * (1 + Math.tanh(GELU_ROOT * (x + GELU_CUBE * x * x * x)));
      case GELU_ERF -> x / 2 * (1 + erf(x / Math.sqrt(2)));
      case RELU -> Math.max(x, 0);
      case SILU -> x / (1 + Math.exp(-x));
      case TANH -> Math.tanh(x);
    };
  }

  static double slope(Activation a, double x) {
    return switch (a) {
      case GELU_TANH -> {
        double tanh = Math.tanh(GELU_ROOT * (x + GELU_CUBE * x * x * x));
        yield (1 + tanh) / 2 + x / 2 * (1 - tanh * tanh) * GELU_ROOT * (1 + 3 * GELU_CUBE * x * x);
      }
      case GELU_ERF -> (1 + erf(x / Math.sqrt(2))) / 2 + x * Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
      case RELU -> x > 0 ? 1 : 0;
      case SILU -> {
        double sigmoid = 1 / (1 + Math.exp(-x));
        yield sigmoid * (1 + x * (1 - sigmoid));
      }
      case TANH -> 1 - Math.tanh(x) * Math.tanh(x);
    };
  }

  /** 2/√π e^(-x²) Σ 2ⁿ x²ⁿ⁺¹ / (1 · 3 ⋯ (2n + 1)) (Abramowitz and Stegun 1964, 7.1.6): no term cancels another. */
  static double erf(double x) {
    if (Math.abs(x) > 6) return Math.signum(x);            // 1 - erf(6) is 2e-17
    double term = x;
    double sum = x;
    for (int n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= 2 * x * x / (2 * n + 1);
      sum += term;
    }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }

  @Override
  public void activate(Activation a, Tensor x, Tensor y) {
    PlainMatrix from = PlainMatrix.flat(x);
    PlainMatrix to = PlainMatrix.flat(y);
    loops.overElements(x.size(), i -> to.put(0, i, (float) value(a, from.get(0, i))));
  }

  @Override
  public void activateGradient(Activation a, Tensor x, Tensor dy, Tensor dx) {
    PlainMatrix from = PlainMatrix.flat(x);
    PlainMatrix back = PlainMatrix.flat(dy);
    PlainMatrix to = PlainMatrix.flat(dx);
    loops.overElements(x.size(), i -> to.put(0, i, (float) (back.get(0, i) * slope(a, from.get(0, i)))));
  }

  @Override
  public void activateAgain(Activation a, Tensor x, Tensor y, Tensor dy) {
    activate(a, x, y);
    activateGradient(a, x, dy, dy);
  }

  @Override
  public void gate(Activation a, Columns gate, Columns up, Tensor y) {
    PlainMatrix gates = PlainMatrix.of(gate);
    PlainMatrix ups = PlainMatrix.of(up);
    PlainMatrix to = PlainMatrix.of(y);
    loops.overRows(to.rows(), r -> {
      for (long c = 0; c < to.columns(); c++) to.put(r, c, (float) (value(a, gates.get(r, c)) * ups.get(r, c)));
    });
  }

  @Override
  public void gateGradient(Activation a, Columns gate, Columns up, Tensor dy, Columns dGate, Columns dUp) {
    PlainMatrix gates = PlainMatrix.of(gate);
    PlainMatrix ups = PlainMatrix.of(up);
    PlainMatrix back = PlainMatrix.of(dy);
    PlainMatrix toGate = PlainMatrix.of(dGate);
    PlainMatrix toUp = PlainMatrix.of(dUp);
    loops.overRows(back.rows(), r -> {
      for (long c = 0; c < back.columns(); c++) {
        double d = back.get(r, c);                         // dUp may be dy
        double g = gates.get(r, c);
        toGate.put(r, c, (float) (d * ups.get(r, c) * slope(a, g)));
        toUp.put(r, c, (float) (d * value(a, g)));
      }
    });
  }
}
