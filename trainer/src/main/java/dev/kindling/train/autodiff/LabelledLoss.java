package dev.kindling.train.autodiff;

import dev.kindling.train.kernel.LabelLoss;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/**
 * Losses of few logits a row (classes, labels, values), and their sum as the scalar that gradients start from: the gradient is
 * made on the way forward and handed on by the way back.
 *
 * @param logits float32 [rows, labels]; @param gradient likewise, or null
 */
public record LabelledLoss(Value logits, Tensor gradient) implements Operation {
  /** @param targets as {@link LabelLoss} wants them; @return losses, float32 [rows] */
  public static Tensor of(LabelLoss loss, Value logits, Tensor targets) {
    Tape tape = logits.tape();
    Tensor losses = tape.take(DType.FLOAT32, logits.data().rows());
    Tensor gradient = tape.isRecording() ? tape.borrow(DType.FLOAT32, logits.data().shape()) : null;
    tape.kernels().labelLoss(loss, logits.use(), targets, losses, gradient);
    tape.record(new LabelledLoss(logits, gradient));
    return losses;
  }

  @Override
  public void backward(Tape tape) {
    tape.flow(logits, gradient);
  }
}
