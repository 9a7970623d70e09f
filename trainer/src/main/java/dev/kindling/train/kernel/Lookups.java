package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Tensor;

/** Rows picked from a table by number, and means over some of the rows. All matrices are float32 or stored. */
public interface Lookups {
  /**
   * x[r] = factor · table[ids[r]], or with {@code add} x[r] += that.
   *
   * @param ids int32 [rows], each in [0, rows of the table); @param table [.., width]; @param x [rows, width]
   */
  void gather(Tensor ids, Tensor table, float factor, boolean add, Tensor x);

  /** dTable[ids[r]] += factor · dx[r], in the order of the rows. */
  void gatherGradient(Tensor ids, Tensor dx, float factor, Tensor dTable);

  /**
   * y[i] = the mean of the rows [from, to) of x; zeros where there are none.
   *
   * @param x [rows, width]; @param spans int32 [n, 2]: from and to, not overlapping; @param y [n, width]
   */
  void means(Tensor x, Tensor spans, Tensor y);

  /** dx[r] = dy[i] / (rows of span i) in span i, 0 in none: every element is written. */
  void meansGradient(Tensor dy, Tensor spans, Tensor dx);
}
