package dev.kindling.train.evaluate;

import dev.kindling.train.collective.Communicator;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import java.nio.ByteBuffer;

/**
 * How many held-out texts a classifier labels rightly: the class with the greatest logit is the text's, or, where any may apply, those
 * with a logit above 0 are its classes and no other. Ranks share the batches out; whole numbers are added, so that the figure does not
 * depend on their number.
 *
 * @param batchRows rows of a batch
 */
public record LabelAccuracy(HeldOutRows<EncoderBatch> heldOut, int batchRows) {
  /** Texts that are labelled rightly. @param texts in all */
  public record Right(long right, long texts) {
    /** From 0 to 1. */
    public double share() {
      return (double) right / texts;
    }
  }

  /** Called by all ranks. @return the same on all */
  public Right of(EncoderModel model, Communicator communicator) {
    long right = 0;
    long step = (long) batchRows * communicator.worldSize();
    for (long from = (long) batchRows * communicator.rank(); from < heldOut.rows(); from += step)
      right += right(model, heldOut.batch(from, (int) Math.min(batchRows, heldOut.rows() - from)));
    byte[] mine = ByteBuffer.allocate(Long.BYTES).putLong(right).array();
    long all = communicator.allGather(mine).stream().mapToLong(theirs -> ByteBuffer.wrap(theirs).getLong()).sum();
    return new Right(all, heldOut.rows());
  }

  private static long right(EncoderModel model, EncoderBatch batch) {
    float[] logits = model.logits(batch);
    int labels = logits.length / batch.rows();
    long right = 0;
    for (int row = 0; row < batch.rows(); row++) {
      boolean all = batch.scores() == null ? greatest(logits, row * labels, labels) == batch.target(row) : true;
      for (int label = 0; batch.scores() != null && label < labels; label++)
        all &= logits[row * labels + label] > 0 == batch.score(row * labels + label) > 0.5f;
      if (all) right++;
    }
    return right;
  }

  /** The label with the greatest of the logits [from, from + count), the first of equal ones. */
  public static int greatest(float[] logits, int from, int count) {
    int greatest = 0;
    for (int i = 1; i < count; i++) if (logits[from + i] > logits[from + greatest]) greatest = i;
    return greatest;
  }
}
