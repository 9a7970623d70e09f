package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Attend;
import dev.kindling.train.autodiff.HeadsOf;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;

/**
 * Every row of the batch is one sequence from its first token on, or several documents one after another that do not see each
 * other. Made once for a micro-batch, for all layers.
 */
public final class WholeSequences implements Context {
  private final Tape tape;
  private final int batch;
  private final int time;
  private final boolean causal;
  private final int[] starts;                    // of each position's document
  private final int[] ends;                      // past the last key that it sees
  private final Map<Integer, Tensor> ranges = new HashMap<>();       // by window
  private Tensor positions;

  private WholeSequences(Tape tape, int batch, int time, boolean causal, int[] lengths, int[] documents) {
    this.tape = tape;
    this.batch = batch;
    this.time = time;
    this.causal = causal;
    starts = documents == null ? new int[batch * time] : documents;
    ends = new int[batch * time];
    for (int row = 0; row < batch; row++) fillEnds(row * time, lengths == null ? time : lengths[row]);
  }

  /** From the last position to the first: a document's end is known by its last token. */
  private void fillEnds(int row, int length) {
    for (int t = length - 1; t >= 0; t--) {
      boolean last = t == length - 1 || starts[row + t + 1] != starts[row + t];
      ends[row + t] = causal || last ? t + 1 : ends[row + t + 1];
    }
  }

  /**
   * A position sees itself and those before it.
   *
   * @param lengths of each row what is no padding on the right; null: all
   */
  public static WholeSequences causal(Tape tape, int batch, int time, int[] lengths) {
    return new WholeSequences(tape, batch, time, true, lengths, null);
  }

  /** @param documents first position of the document that a position is of, [batch · time] */
  public static WholeSequences causal(Tape tape, int batch, int time, int[] lengths, int[] documents) {
    return new WholeSequences(tape, batch, time, true, lengths, documents);
  }

  /** A position sees all of its row. */
  public static WholeSequences bidirectional(Tape tape, int batch, int time, int[] lengths) {
    return new WholeSequences(tape, batch, time, false, lengths, null);
  }

  /** @param documents first position of the document that a position is of, [batch · time] */
  public static WholeSequences bidirectional(Tape tape, int batch, int time, int[] lengths, int[] documents) {
    return new WholeSequences(tape, batch, time, false, lengths, documents);
  }

  @Override
  public Value attend(int layer, HeadsOf q, HeadsOf k, HeadsOf v, Scoring scoring) {
    return Attend.of(q, k, v, scoring.form(), ranges(scoring.window()), scoring.bias());
  }

  private Tensor ranges(int window) {
    if (window != 0 && !causal) throw new IllegalArgumentException("a window where positions see those after them");
    return ranges.computeIfAbsent(window, w -> {
      int[] pairs = new int[2 * ends.length];
      for (int i = 0; i < ends.length; i++) {
        pairs[2 * i] = w == 0 ? starts[i] : Math.max(starts[i], ends[i] - w);
        pairs[2 * i + 1] = ends[i];
      }
      return tape.integers(pairs, batch, time, 2);
    });
  }

  @Override
  public Tensor positions() {
    if (positions == null) {
      int[] all = new int[batch * time];
      for (int i = 0; i < all.length; i++) all[i] = i % time - starts[i];
      positions = tape.integers(all, all.length);
    }
    return positions;
  }

  @Override
  public int queryTime() {
    return time;
  }

  @Override
  public int keyTime() {
    return time;
  }
}
