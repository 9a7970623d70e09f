package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.Logits;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/**
 * losses[r] = -log softmax(z[r])[targets[r]], 0 where the target does not count, with z = x W + b or c tanh((x W + b) / c); and
 * their sum as the scalar that gradients start from. With p = softmax(z), e the target's unit vector and d = (p - e) ⊙ (1 -
 * (z/c)²): dx = d Wᵀ, dW += xᵀ d, db += Σ d. All are made on the way forward, while a chunk of the logits is there, and dx is
 * handed on by the way back.
 *
 * @param x stored [rows, width]; @param dx float32 [rows, width]
 */
public record CrossEntropy(Value x, Tensor dx) implements Operation {
  /** @param head multiplied as [width, vocabulary]; @param targets int32 [rows]; @return losses, float32 [rows] */
  public static Tensor of(Value x, Weight head, Tensor targets) {
    return of(x, head, null, 0, targets);
  }

  /** @param bias [vocabulary], or null; @param softcap c, or 0: none */
  public static Tensor of(Value x, Weight head, Weight bias, float softcap, Tensor targets) {
    Tape tape = x.tape();
    Tensor losses = tape.take(DType.FLOAT32, targets.size());
    boolean recording = tape.isRecording();
    Tensor dx = recording ? tape.borrow(DType.FLOAT32, x.data().shape()) : null;
    Tensor dBias = recording && bias != null ? bias.gradient() : null;
    Logits logits = new Logits(head.packed(), bias == null ? null : bias.value(), softcap);
    tape.kernels().crossEntropy(x.use(), logits, targets, losses, dx, recording ? head.nextGradient() : null, dBias);
    tape.record(new CrossEntropy(x, dx));
    return losses;
  }

  @Override
  public void backward(Tape tape) {
    tape.flow(x, dx);
  }
}
