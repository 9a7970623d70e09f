package dev.kindling.train.autodiff;

import java.util.List;

/** What was computed, with what its way back needs. */
interface Operation {
  /**
   * Turns the gradient of its output into those of its inputs ({@link Tape#flow}) and adds those of its weights;
   * nothing is done where no gradient reached the output.
   */
  void backward(Tape tape);

  /** The weights whose gradients {@link #backward} adds to. */
  default List<Weight> learned() {
    return List.of();
  }
}
