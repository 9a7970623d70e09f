package dev.kindling.train.model;

import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.tensor.Tensor;
import java.util.Arrays;

/** What is said of an encoder's hidden states. */
sealed interface EncoderHead permits WordHead, SequenceHead, TokenHead {
  /**
   * Forward, for tests and predictions.
   *
   * @param h float32 [rows · time, width]
   * @return float32: [rows · time, vocabulary], [rows, labels] or [rows · time, labels]
   */
  Tensor logits(Tape tape, Value h, EncoderBatch batch);

  /**
   * The losses that count, whose sum gradients start from.
   *
   * @param h float32 [rows · time, width]; @param batch with at least one label that counts
   * @return float32, one for each label or text
   */
  Tensor losses(Tape tape, Value h, EncoderBatch batch);

  /** @param batch with a target for each token; @return the places of those that count */
  static int[] counting(EncoderBatch batch) {
    if (batch.targets() == null || batch.targets().length != batch.inputs().length) {
      throw new IllegalArgumentException("a target for each token is needed");
    }
    int[] places = new int[batch.targets().length];
    int n = 0;
    for (int i = 0; i < places.length; i++) if (batch.target(i) >= 0) places[n++] = i;
    return Arrays.copyOf(places, n);
  }

  /** @param size how many labels or tokens there are */
  static int[] targets(EncoderBatch batch, int[] places, int size) {
    int[] targets = new int[places.length];
    for (int i = 0; i < places.length; i++) targets[i] = Tokens.check("label", batch.target(places[i]), size);
    return targets;
  }
}
