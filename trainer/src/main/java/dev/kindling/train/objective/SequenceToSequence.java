package dev.kindling.train.objective;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Seq2SeqBatch;
import java.util.Arrays;
import java.util.List;

/**
 * Write one sequence after reading another: position t of the decoder has before it the start token and the targets up
 * to t - 1, and is to say target t (Sutskever et al. 2014, section 2; T5 starts with its padding token).
 *
 * @param startToken what the decoder reads first; @param padToken what stands where a row has ended
 */
public record SequenceToSequence(int startToken, int padToken) {
  /**
   * @param inputs token ids, of any lengths; @param targets likewise, each with the end token where the model shall learn to end
   * @param sampleIds the dataset's number of each pair
   */
  public Seq2SeqBatch batch(List<int[]> inputs, List<int[]> targets, long[] sampleIds) {
    int rows = inputs.size();
    int time = longest(inputs);
    int targetTime = longest(targets);
    int[] lengths = new int[rows];
    int[] said = new int[rows * targetTime];
    Arrays.fill(said, Kernels.IGNORED);
    for (int r = 0; r < rows; r++) {
      lengths[r] = inputs.get(r).length;
      System.arraycopy(targets.get(r), 0, said, r * targetTime, targets.get(r).length);
    }
    return new Seq2SeqBatch(rows, time, padded(inputs, time), lengths, targetTime, shiftedRight(said, targetTime), said,
        sampleIds.clone());
  }

  /** What the decoder reads. @param targets [rows · targetTime], -100 where a row has ended */
  public int[] shiftedRight(int[] targets, int targetTime) {
    int[] shifted = new int[targets.length];
    for (int i = 0; i < targets.length; i++) {
      int before = i % targetTime == 0 ? startToken : targets[i - 1];
      shifted[i] = before < 0 ? padToken : before;
    }
    return shifted;
  }

  private int[] padded(List<int[]> rows, int time) {
    int[] all = new int[Math.multiplyExact(rows.size(), time)];
    Arrays.fill(all, padToken);
    for (int r = 0; r < rows.size(); r++) System.arraycopy(rows.get(r), 0, all, r * time, rows.get(r).length);
    return all;
  }

  private static int longest(List<int[]> rows) {
    return rows.stream().mapToInt(row -> row.length).max().orElse(0);
  }
}
