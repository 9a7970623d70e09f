package dev.kindling.train.loop;

import dev.kindling.train.model.MicroBatch;

/**
 * The order of the data: a pure function of the step, the virtual rank and the place within its accumulation, so that any
 * rank can make any micro-batch at any time and a resumed run reads on where it stopped.
 *
 * @param <B> what the model's micro-batches are
 */
public interface BatchSource<B extends MicroBatch> {
  /**
   * @param step counted from 1
   * @param virtualRank in [0, V)
   * @param accumulation in [0, accumulate)
   */
  B batch(long step, int virtualRank, int accumulation);

  /** What a micro-batch was made of, for a message, such as rows of files and the documents in them; empty: not known. */
  default String describe(long step, int virtualRank, int accumulation) {
    return "";
  }

  /** The last step that there is data for. */
  default long lastStep() {
    return Long.MAX_VALUE;
  }

  /** Which data ends at {@link #lastStep} and what to change, for a message. */
  default String whyItEnds() {
    return "the data ends there";
  }
}
