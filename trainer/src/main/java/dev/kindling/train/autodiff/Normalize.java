package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.Norm;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * Layer norm or RMS norm over groups of scale's size, a row or one head of it: y = h ⊙ (offset + scale) + shift with h = (x -
 * m) / √(v + ε); which, and its sources, are in {@link Norm}. Back, with e = dy ⊙ (offset + scale): dx = (e - [mean(e) in layer
 * norm] - h mean(e ⊙ h)) / √(v + ε), dScale += Σ dy ⊙ h, dShift += Σ dy.
 *
 * <p>{@link #ofSum} adds first: x + residual is written over x and is a value of its own; its gradient goes to both.
 *
 * @param branch what was added to the residual, or null
 * @param residual float32, or null
 * @param x what is normalized, float32 or stored
 * @param shift null: none
 * @param stats float32 [groups, 2]
 * @param y float32 or stored, of x's shape
 */
public record Normalize(Norm norm, Value branch, Value residual, Value x, Weight scale, Weight shift, Tensor stats,
    Value y) implements Operation {

  /** A sum and its norm. */
  public record Sum(Value sum, Value normalized) {}

  /** @param shift null: none; @param type of the result: stored, or float32 where a residual stream goes on with it */
  public static Value of(Norm norm, Value x, Weight scale, Weight shift, DType type) {
    Tape tape = x.tape();
    Normalize n = new Normalize(norm, null, null, x, scale, shift, stats(x, scale), tape.value(type, x.data().shape()));
    n.forward(tape, x.use(), null);
    return n.y;
  }

  /** @param branch float32, spent: its memory holds the sum from here on; @param residual float32 */
  public static Sum ofSum(Norm norm, Value branch, Value residual, Weight scale, Weight shift, DType type) {
    Tape tape = branch.tape();
    Value sum = new Value(tape, branch.spend());
    sum.use();
    Normalize n = new Normalize(norm, branch, residual, sum, scale, shift, stats(sum, scale),
        tape.value(type, sum.data().shape()));
    n.forward(tape, branch.data(), residual.useForward());
    return new Sum(sum, n.y);
  }

  private static Tensor stats(Value x, Weight scale) {
    return x.tape().take(DType.FLOAT32, x.data().size() / scale.value().size(), 2);
  }

  private void forward(Tape tape, Tensor in, Tensor added) {
    tape.kernels().norms().normalize(norm, in, added, x.data(), scale.value(), shift == null ? null : shift.value(),
        y.data(), stats);
    tape.record(this);
  }

  @Override
  public List<Weight> learned() {
    return shift == null ? List.of(scale) : List.of(scale, shift);
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() != null) {
      tape.flowOver(x, (passing, dx) -> tape.kernels().norms().normalizeGradient(norm, y.dy(), x.data(), scale.value(),
          stats, passing, dx, scale.gradient(), shift == null ? null : shift.gradient()));
      tape.done(y);
    }
    if (residual != null && x.gradient != null) {
      tape.flow(residual, x.gradient.share());
      tape.flow(branch, x.gradient.share());
      tape.done(x);
    }
  }
}
