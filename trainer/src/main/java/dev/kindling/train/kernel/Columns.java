package dev.kindling.train.kernel;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;

/** Columns [from, from + count) of every row of a matrix. */
public record Columns(Tensor matrix, long from, long count) {
  public Columns {
    if (from < 0 || from + count > matrix.dim(-1)) {
      throw new IndexOutOfBoundsException(matrix + " has no " + count + " columns at " + from);
    }
  }

  public static Columns all(Tensor matrix) {
    return new Columns(matrix, 0, matrix.dim(-1));
  }

  /** The first or second half of the columns. @param half 0 or 1 */
  public static Columns half(Tensor matrix, int half) {
    long count = matrix.dim(-1) / 2;
    return new Columns(matrix, half * count, count);
  }

  DType type() {
    return matrix.type();
  }

  long rows() {
    return matrix.rows();
  }

  long address(long row, long column) {
    return matrix.address() + (row * matrix.dim(-1) + from + column) * matrix.type().bytes();
  }
}
