package dev.kindling.train.model;

import dev.kindling.train.kernel.Kernels;

/**
 * A micro-batch for an encoder and a decoder: what is read, and what is to be written.
 *
 * @param rows pairs
 * @param time positions of each input; @param targetTime positions of each output
 * @param inputs token ids, [rows · time]; what stands on padding does not matter
 * @param lengths positions of each input that are not padding on the right, [rows]; null: all
 * @param decoderInputs what the decoder has before it at each position, [rows · targetTime]: the start token, then the targets
 * @param targets the token that each position is to say, [rows · targetTime]; -100 and those of an empty input do not count
 * @param sampleIds the dataset's number of each pair, [rows]
 */
public record Seq2SeqBatch(int rows, int time, int[] inputs, int[] lengths, int targetTime, int[] decoderInputs,
    int[] targets, long[] sampleIds) implements MicroBatch {
  public Seq2SeqBatch {
    if (inputs.length != Math.multiplyExact(rows, time)) {
      throw new IllegalArgumentException("not rows times time inputs");
    }
    int written = Math.multiplyExact(rows, targetTime);
    if (decoderInputs.length != written || targets.length != written) {
      throw new IllegalArgumentException("not rows times targetTime decoder inputs and targets");
    }
    for (int row = 0; lengths != null && row < rows; row++) {
      if (lengths[row] < 0 || lengths[row] > time)
        throw new IllegalArgumentException("a row of length " + lengths[row]);
    }
  }

  /** Positions of an input that are no padding. */
  public int length(int row) {
    return lengths == null ? time : lengths[row];
  }

  /** The token that a position of an output is to say, or -100 where it does not count. */
  public int target(int i) {
    return targets[i] >= 0 && length(i / targetTime) > 0 ? targets[i] : Kernels.IGNORED;
  }

  @Override
  public long labels() {
    long n = 0;
    for (int i = 0; i < targets.length; i++) if (target(i) >= 0) n++;
    return n;
  }

  @Override
  public long tokens() {
    return (long) rows * (time + targetTime);
  }
}
