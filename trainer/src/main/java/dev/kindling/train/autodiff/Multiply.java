package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * y = x W + b; back: dx = dy Wᵀ, dW += xᵀ dy, db += the sum of dy's rows.
 *
 * @param x stored [rows, in]
 * @param weight [in, out]
 * @param bias [out], or null
 * @param y [rows, out]
 */
public record Multiply(Value x, Weight weight, Weight bias, Value y) implements Operation {
  /** @param type of y: stored, or float32 where y goes into a residual stream */
  public static Value of(Value x, Weight weight, Weight bias, DType type) {
    Tape tape = x.tape();
    Value y = tape.value(type, x.data().rows(), weight.packed().out());
    tape.kernels().linear(weight.learns() ? x.useAgain() : x.useForward(), weight.packed(),
        bias == null ? null : bias.value(), y.data());
    tape.record(new Multiply(x, weight, bias, y));
    return y;
  }

  @Override
  public List<Weight> learned() {
    return bias == null ? List.of(weight) : List.of(weight, bias);
  }

  @Override
  public void backward(Tape tape) {
    if (y.dy() == null) return;
    Kernels kernels = tape.kernels();
    Tensor dy = y.dy();
    if (dy.type() != x.type()) {
      dy = tape.borrow(x.type(), dy.shape());
      kernels.convert(y.dy(), dy);
    }
    Tensor stored = dy;
    tape.flow(x, Tape.gradientType(x), dx -> kernels.linearInputGradient(stored, weight.packed(), dx));
    if (weight.learns()) weightGradient(kernels, dy);
    if (bias != null && bias.gradient() != null) kernels.biasGradient(dy, bias.gradient());
    if (dy != y.dy()) tape.giveBack(dy);
    tape.done(y);
  }

  /** dW += xᵀ dy, or where it is stored the other way round, dWᵀ += dyᵀ x. */
  private void weightGradient(Kernels kernels, Tensor dy) {
    Tensor read = x.again();
    if (weight.packed().storedTransposed()) kernels.linearWeightGradient(dy, read, weight.nextGradient());
    else kernels.linearWeightGradient(read, dy, weight.nextGradient());
    x.wasRead();
  }
}
