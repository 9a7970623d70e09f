package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/**
 * Layer norm over the last axis (Ba et al. 2016, eq. 3-4): y = n ⊙ scale + shift, n = (x - mean) / √(variance + ε).
 * Back, with g = dy ⊙ scale: dx = (g - mean(g) - n mean(g ⊙ n)) / √(variance + ε), dScale += Σ dy ⊙ n, dShift += Σ dy.
 *
 * <p>{@link #ofSum} adds first: x + residual is written over x and is a value of its own; its gradient goes to both.
 *
 * @param branch what was added to the residual, or null
 * @param residual float32, or null
 * @param x what is normalized, float32 [rows, width]
 * @param stats float32 [rows, 2]
 * @param y stored [rows, width]
 */
public record Normalize(Value branch, Value residual, Value x, Weight scale, Weight shift, Tensor stats, Value y)
    implements
      Operation {

  /** A sum and its norm. */
  public record Sum(Value sum, Value normalized) {}

  public static Value of(Value x, Weight scale, Weight shift, float epsilon) {
    Tape tape = x.tape();
    Normalize norm = new Normalize(null, null, x, scale, shift, stats(x), tape.value(tape.stored(), x.data().shape()));
    tape.kernels().layerNorm(x.use(), null, x.data(), scale.value(), shift.value(), epsilon, norm.y.data(), norm.stats);
    tape.record(norm);
    return norm.y;
  }

  /** @param branch is spent: its memory holds the sum from here on */
  public static Sum ofSum(Value branch, Value residual, Weight scale, Weight shift, float epsilon) {
    Tape tape = branch.tape();
    Value sum = new Value(tape, branch.spend());
    sum.use();
    Normalize norm = new Normalize(branch, residual, sum, scale, shift, stats(sum),
        tape.value(tape.stored(), sum.data().shape()));
    tape.kernels().layerNorm(branch.data(), residual.use(), sum.data(), scale.value(), shift.value(), epsilon,
        norm.y.data(), norm.stats);
    tape.record(norm);
    return new Sum(sum, norm.y);
  }

  private static Tensor stats(Value x) {
    return x.tape().take(DType.FLOAT32, x.data().rows(), 2);
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() != null) {
      tape.flowOver(x,
          (passing, dx) -> tape.kernels().layerNormGradient(y.dy(), x.data(), scale.value(), stats, passing,
              dx, scale.gradient(), shift.gradient()));
      tape.done(y);
    }
    if (residual != null && x.gradient != null) {
      tape.flow(residual, x.gradient.share());
      tape.flow(branch, x.gradient.share());
      tape.done(x);
    }
  }
}
