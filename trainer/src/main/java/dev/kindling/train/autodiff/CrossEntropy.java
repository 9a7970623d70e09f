package dev.kindling.train.autodiff;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/**
 * losses[r] = -log softmax(x[r] W)[targets[r]], 0 where the target does not count, and their sum as the scalar that
 * gradients start from. With p = softmax(x W) and e the target's unit vector: dx = (p - e) Wᵀ, dW += xᵀ (p - e). Both
 * are made on the way forward, while a chunk of the logits is there, and are handed on by the way back.
 *
 * @param x stored [rows, width]; @param dx float32 [rows, width]
 */
public record CrossEntropy(Value x, Tensor dx) implements Operation {
  /** @param head multiplied as [width, vocabulary]; @param targets int32 [rows]; @return losses, float32 [rows] */
  public static Tensor of(Value x, Weight head, Tensor targets) {
    Tape tape = x.tape();
    Tensor losses = tape.take(DType.FLOAT32, targets.size());
    Tensor dx = tape.isRecording() ? tape.borrow(DType.FLOAT32, x.data().shape()) : null;
    tape.kernels().crossEntropy(x.use(), head.packed(), targets, losses, dx, dx == null ? null : head.gradient());
    tape.record(new CrossEntropy(x, dx));
    return losses;
  }

  @Override
  public void backward(Tape tape) {
    tape.flow(x, new Gradient(dx));
  }
}
