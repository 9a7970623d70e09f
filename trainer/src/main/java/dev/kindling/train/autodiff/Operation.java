package dev.kindling.train.autodiff;

/** What was computed, with what its way back needs. */
interface Operation {
  /**
   * Turns the gradient of its output into those of its inputs ({@link Tape#flow}) and adds those of its weights;
   * nothing is done where no gradient reached the output.
   */
  void backward(Tape tape);
}
