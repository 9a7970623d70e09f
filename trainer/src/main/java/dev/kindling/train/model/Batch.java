package dev.kindling.train.model;

import dev.kindling.train.kernel.Kernels;

/**
 * A micro-batch: what is read and what each position is to say next.
 *
 * @param rows sequences
 * @param time positions of each
 * @param inputs token ids, [rows · time]; what stands on padding does not matter
 * @param targets already shifted: the token that position t is to predict, or -100 (not counted), [rows · time]; what
 *        stands on padding does not count
 * @param lengths positions of each row that are not padding on the right, [rows]; null: all
 * @param documents where in its row the document of each position begins, [rows · time]: documents do not see each other, and
 *        positions are counted from there; null: each row is one
 * @param sampleIds the dataset's row number of each sequence, [rows]
 */
public record Batch(int rows, int time, int[] inputs, int[] targets, int[] lengths, int[] documents,
    long[] sampleIds) implements MicroBatch {
  /** Rows of one document each. */
  public Batch(int rows, int time, int[] inputs, int[] targets, int[] lengths, long[] sampleIds) {
    this(rows, time, inputs, targets, lengths, null, sampleIds);
  }

  /**
   * The same with documents kept apart: one begins with each end-of-text token, from which its first token is predicted, and
   * with each row.
   */
  public Batch apart(int endOfText) {
    int[] starts = new int[inputs.length];
    for (int i = 0; i < starts.length; i++) {
      int t = i % time;
      starts[i] = t == 0 || inputs[i] == endOfText ? t : starts[i - 1];
    }
    return new Batch(rows, time, inputs, targets, lengths, starts, sampleIds);
  }

  /** What a position is to predict, or -100 where nothing that counts. @param position in [0, rows · time) */
  public int target(int position) {
    boolean padding = lengths != null && position % time >= lengths[position / time];
    return padding ? Kernels.IGNORED : targets[position];
  }

  @Override
  public long labels() {
    long n = 0;
    for (int i = 0; i < targets.length; i++) if (target(i) >= 0) n++;
    return n;
  }

  @Override
  public long tokens() {
    return (long) rows * time;
  }
}
