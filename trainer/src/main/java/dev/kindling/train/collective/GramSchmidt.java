package dev.kindling.train.collective;

import dev.kindling.train.tensor.Tensor;

/**
 * Makes the columns of a tall matrix orthonormal, each by what it has besides those before it (Gram-Schmidt in its modified form, done
 * twice, in double: the same bits on any machine). A column that is nothing new becomes 0.
 */
final class GramSchmidt {
  private static final double NOTHING = 1e-7;    // of a column of float32, what is left by rounding

  private GramSchmidt() {
  }

  /** @param matrix float32 [rows, columns], overwritten */
  static void orthonormalize(Tensor matrix) {
    int rows = Math.toIntExact(matrix.dim(0)), count = Math.toIntExact(matrix.dim(1));
    double[][] columns = new double[count][rows];
    float[] row = new float[count];
    for (int i = 0; i < rows; i++) {
      matrix.get((long) i * count, row, 0, count);
      for (int j = 0; j < count; j++) columns[j][i] = row[j];
    }
    for (int j = 0; j < count; j++) normalize(columns, j);
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < count; j++) row[j] = (float) columns[j][i];
      matrix.put((long) i * count, row, 0, count);
    }
  }

  private static void normalize(double[][] columns, int j) {
    double[] column = columns[j];
    double before = Math.sqrt(product(column, column));
    for (int pass = 0; pass < 2; pass++) {
      for (int k = 0; k < j; k++) {
        double along = product(columns[k], column);
        for (int i = 0; i < column.length; i++) column[i] -= along * columns[k][i];
      }
    }
    double left = Math.sqrt(product(column, column));
    double factor = left <= NOTHING * before ? 0 : 1 / left;       // what is no number stays none
    for (int i = 0; i < column.length; i++) column[i] *= factor;
  }

  private static double product(double[] a, double[] b) {
    double one = 0, two = 0, three = 0, four = 0;          // sums that need not wait for each other
    int i = 0;
    for (; i + 3 < a.length; i += 4) {
      one += a[i] * b[i];
      two += a[i + 1] * b[i + 1];
      three += a[i + 2] * b[i + 2];
      four += a[i + 3] * b[i + 3];
    }
    for (; i < a.length; i++) one += a[i] * b[i];
    return one + two + (three + four);
  }
}
