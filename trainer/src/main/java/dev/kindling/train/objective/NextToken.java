package dev.kindling.train.objective;

import dev.kindling.train.model.Batch;
import java.util.List;

/** Predict each next token of a packed row: position t reads tokens[t] and is to say tokens[t + 1]. */
public final class NextToken {
  private NextToken() {
  }

  /**
   * @param rows each [time + 1] token ids, all of one length
   * @param sampleIds the dataset's number of each
   */
  public static Batch batch(List<int[]> rows, long[] sampleIds) {
    int time = rows.get(0).length - 1;
    int[] inputs = new int[Math.multiplyExact(rows.size(), time)];
    int[] targets = new int[inputs.length];
    for (int r = 0; r < rows.size(); r++) {
      int[] row = rows.get(r);
      if (row.length != time + 1) throw new IllegalArgumentException("rows of different lengths in one batch");
      System.arraycopy(row, 0, inputs, r * time, time);
      System.arraycopy(row, 1, targets, r * time, time);
    }
    return new Batch(rows.size(), time, inputs, targets, null, sampleIds.clone());
  }

  /**
   * e to the mean loss (natural logarithm). @param labels that counted; with none of them there is no perplexity: NaN
   */
  public static double perplexity(double lossSum, long labels) {
    return Math.exp(lossSum / labels);
  }
}
