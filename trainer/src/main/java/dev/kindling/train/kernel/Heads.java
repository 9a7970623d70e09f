package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Tensor;

/**
 * Attention heads as parts of the columns of a matrix: head h is columns [offset + h · step, offset + h · step + headDim) of
 * every row. Covers one product for queries, keys and values side by side (GPT-2, Phi-3: step headDim, offset 0, width and 2
 * width), head by head (GPT-NeoX, BLOOM: step 3 · headDim) and products of their own.
 *
 * @param rows [batch, time, columns]
 * @param count heads
 */
public record Heads(Tensor rows, int offset, int step, int count, int headDim) {
  public Heads {
    if (rows.shape().length != 3 || offset < 0 || count < 1 || headDim < 1 || count > 1 && step < headDim
        || offset + (count - 1L) * step + headDim > rows.dim(2)) {
      throw new IllegalArgumentException(
          rows + " does not hold " + count + " heads of " + headDim + ", " + step + " apart from column " + offset);
    }
  }

  /** All columns, head after head. */
  public static Heads joined(Tensor rows, int count) {
    int headDim = Math.toIntExact(rows.dim(2) / count);
    return new Heads(rows, 0, headDim, count, headDim);
  }

  public int batch() {
    return Math.toIntExact(rows.dim(0));
  }

  /** Rows of each sequence. */
  public int time() {
    return Math.toIntExact(rows.dim(1));
  }

  /** First column of a head. */
  public int column(int head) {
    return offset + head * step;
  }
}
