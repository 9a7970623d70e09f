package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.Activation;
import dev.kindling.train.kernel.Activations;
import dev.kindling.train.kernel.Columns;
import dev.kindling.train.tensor.Tensor;

/**
 * y = a(gate) ⊙ up (Shazeer 2020, eq. 5). Back: dUp = dy ⊙ a(gate), dGate = dy ⊙ up ⊙ a'(gate).
 *
 * @param gate stored [rows, width], or where {@code up} is null [rows, 2 · width]: gate and up side by side
 * @param y stored [rows, width]
 */
public record Gate(Activation activation, Value gate, Value up, Value y) implements Operation {
  public static Value of(Activation activation, Value gate, Value up) {
    Tape tape = gate.tape();
    Value y = tape.value(gate.type(), gate.data().shape());
    Tensor left = gate.use();
    Tensor right = up.use();
    y.make(to -> tape.kernels().activations().gate(activation, Columns.all(left), Columns.all(right), to));
    tape.record(new Gate(activation, gate, up, y));
    return y;
  }

  /** The first half of the columns gates the second. @param both stored [rows, 2 · width] */
  public static Value ofHalves(Activation activation, Value both) {
    Tape tape = both.tape();
    Value y = tape.value(both.type(), both.data().rows(), both.data().dim(-1) / 2);
    Tensor data = both.use();
    y.make(to -> tape.kernels().activations().gate(activation, Columns.half(data, 0), Columns.half(data, 1), to));
    tape.record(new Gate(activation, both, null, y));
    return y;
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    Activations kernels = tape.kernels().activations();
    if (up == null) {
      tape.flow(gate, Tape.gradientType(gate), d -> kernels.gateGradient(activation, Columns.half(gate.data(), 0),
          Columns.half(gate.data(), 1), y.dy(), Columns.half(d, 0), Columns.half(d, 1)));
      tape.done(y);
      return;
    }
    tape.flow(gate, Tape.gradientType(gate),
        dGate -> tape.flowThrough(y, up, (dy, dUp) -> kernels.gateGradient(activation,
            Columns.all(gate.data()), Columns.all(up.data()), dy, Columns.all(dGate), Columns.all(dUp))));
  }
}
