package dev.kindling.train.model;

import dev.kindling.train.kernel.Kernels;
import java.util.Arrays;

/**
 * A micro-batch for an encoder: texts, and what is to be said of them.
 *
 * @param rows texts
 * @param time positions of each
 * @param inputs token ids, [rows · time]; what stands on padding does not matter
 * @param tokenTypes which sentence each position belongs to, [rows · time], or null: all to the first
 * @param lengths positions of each row that are not padding on the right, [rows]; null: all
 * @param targets the token or label of each position, [rows · time], or of each text, [rows]; -100 and what stands on padding
 *   do not count; null where there are scores
 * @param scores a number for each label of each text, [rows · labels]: 0 or 1 where any of them may apply, any number for a
 *   regression; NaN and those of an empty text do not count; null where there are targets
 * @param sampleIds the dataset's number of each text, [rows]
 */
public record EncoderBatch(int rows, int time, int[] inputs, int[] tokenTypes, int[] lengths, int[] targets,
    float[] scores, long[] sampleIds) implements MicroBatch {
  public EncoderBatch {
    int positions = Math.multiplyExact(rows, time);
    if (inputs.length != positions || tokenTypes != null && tokenTypes.length != positions) {
      throw new IllegalArgumentException("not rows times time tokens and token types");
    }
    if (targets != null && scores != null) throw new IllegalArgumentException("targets and scores");
    if (targets != null && targets.length != positions && targets.length != rows) {
      throw new IllegalArgumentException("a target for each position or for each row");
    }
    for (int row = 0; lengths != null && row < rows; row++) {
      if (lengths[row] < 0 || lengths[row] > time)
        throw new IllegalArgumentException("a row of length " + lengths[row]);
    }
  }

  /** Texts whose targets are not known. @param tokenTypes as above; @param lengths as above */
  public static EncoderBatch unlabelled(int rows, int time, int[] inputs, int[] tokenTypes, int[] lengths) {
    return new EncoderBatch(rows, time, inputs, tokenTypes, lengths, null, null, new long[rows]);
  }

  /** The same where the tokens of each text belong to the second sentence from some place on. @param seconds by row; 0: none do */
  public EncoderBatch withSeconds(int[] seconds) {
    int[] types = new int[inputs.length];
    for (int row = 0; row < rows; row++)
      if (seconds[row] > 0) Arrays.fill(types, row * time + seconds[row], row * time + length(row), 1);
    return new EncoderBatch(rows, time, inputs, types, lengths, targets, scores, sampleIds);
  }

  /** Positions of a row that are no padding. */
  public int length(int row) {
    return lengths == null ? time : lengths[row];
  }

  /** @param position in [0, rows · time) */
  public boolean isPadding(int position) {
    return position % time >= length(position / time);
  }

  /** The token or label of a position or a text, or -100 where it does not count. @param i as {@link #targets} has them */
  public int target(int i) {
    boolean each = targets.length == inputs.length;
    boolean there = each ? !isPadding(i) : length(i) > 0;
    return there && targets[i] >= 0 ? targets[i] : Kernels.IGNORED;
  }

  /** A label's number, or NaN where it does not count. @param i as {@link #scores} has them */
  public float score(int i) {
    return length(i / (scores.length / rows)) > 0 ? scores[i] : Float.NaN;
  }

  @Override
  public long labels() {
    long n = 0;
    for (int i = 0; targets != null && i < targets.length; i++) if (target(i) >= 0) n++;
    for (int i = 0; scores != null && i < scores.length; i++) if (!Float.isNaN(score(i))) n++;
    return n;
  }

  @Override
  public long tokens() {
    return (long) rows * time;
  }
}
