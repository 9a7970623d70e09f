package dev.kindling.train.collective;

import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/**
 * Makes the columns of a tall matrix orthonormal, each by what it has besides those before it (Gram-Schmidt in its modified form, done
 * twice, in double: the same bits on any machine). A column that is nothing new becomes 0.
 */
final class GramSchmidt {
  private static final double NOTHING = 1e-7;    // of a column of float32, what is left by rounding

  private GramSchmidt() {
  }

  /** @param matrix float32 [rows, columns], overwritten; @param scratch address of a double for each of its elements */
  static void orthonormalize(Tensor matrix, long scratch) {
    long rows = matrix.dim(0), count = matrix.dim(1);
    for (long i = 0; i < rows; i++) {
      for (long j = 0; j < count; j++) {
        Raw.putDouble(scratch + (j * rows + i) * Double.BYTES, Raw.getFloat(at(matrix, i, j)));
      }
    }
    for (long j = 0; j < count; j++) normalize(scratch, rows, j);
    for (long i = 0; i < rows; i++) {
      for (long j = 0; j < count; j++) {
        Raw.putFloat(at(matrix, i, j), (float) Raw.getDouble(scratch + (j * rows + i) * Double.BYTES));
      }
    }
  }

  private static long at(Tensor matrix, long row, long column) {
    return matrix.address() + (row * matrix.dim(1) + column) * Float.BYTES;
  }

  private static void normalize(long columns, long rows, long j) {
    long bytes = rows * Double.BYTES, column = columns + j * bytes;
    double before = Math.sqrt(product(column, column, rows));
    for (int pass = 0; pass < 2; pass++) {
      for (long other = columns; other < column; other += bytes) {
        double along = product(other, column, rows);
        for (long i = 0; i < bytes; i += Double.BYTES) {
          Raw.putDouble(column + i, Raw.getDouble(column + i) - along * Raw.getDouble(other + i));
        }
      }
    }
    double left = Math.sqrt(product(column, column, rows));
    double factor = left <= NOTHING * before ? 0 : 1 / left;       // what is no number stays none
    for (long i = 0; i < bytes; i += Double.BYTES) Raw.putDouble(column + i, Raw.getDouble(column + i) * factor);
  }

  private static double product(long a, long b, long rows) {
    double one = 0, two = 0, three = 0, four = 0;          // sums that need not wait for each other
    long i = 0;
    for (; i + 3 < rows; i += 4) {
      one += product(a, b, i, 0);
      two += product(a, b, i, 1);
      three += product(a, b, i, 2);
      four += product(a, b, i, 3);
    }
    for (; i < rows; i++) one += product(a, b, i, 0);
    return one + two + (three + four);
  }

  private static double product(long a, long b, long i, int more) {
    long at = (i + more) * Double.BYTES;
    return Raw.getDouble(a + at) * Raw.getDouble(b + at);
  }
}
