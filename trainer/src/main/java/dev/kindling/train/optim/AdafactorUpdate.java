package dev.kindling.train.optim;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * The direction of a step of {@link Adafactor}: gradients divided by the root of their running mean squares, which it also
 * moves on. Sums over a matrix's columns are made over at most {@link #BLOCKS} blocks of rows that its shape alone decides.
 */
final class AdafactorUpdate {
  private static final int BLOCKS = 32;
  private static final float EPSILON = Math.ulp(1f);       // of float32, as in PyTorch: the least that a root divides by
  private final Kernels kernels;
  private final Chunks chunks;
  private final float[][] rows;                            // [worker][column]
  private final double[][] columnSums;                     // [block][column]
  private final float[] columns;

  /** @param owned what it will be asked for: its buffers fit the widest matrix */
  AdafactorUpdate(Kernels kernels, List<OwnedRange> owned) {
    this.kernels = kernels;
    this.chunks = new Chunks(kernels, 2);
    int widest = owned.stream().map(range -> range.parameter().shape()).filter(shape -> shape.length == 2)
        .mapToInt(shape -> Math.toIntExact(shape[1])).max().orElse(0);
    rows = new float[kernels.pool().threads()][widest];
    columnSums = new double[BLOCKS][widest];
    columns = new float[widest];
  }

  /** √(mean of x²), with a fixed order of its sums. */
  double rootMeanSquare(Tensor x) {
    double[] squares = new double[Math.toIntExact((x.size() + Kernels.NORM_BLOCK - 1) / Kernels.NORM_BLOCK)];
    kernels.sumSquares(x, squares);
    double sum = 0;
    for (double square : squares) sum += square;
    return Math.sqrt(sum / x.size());
  }

  /** @param g out: the update; @param variance moves by {@code share} towards the squares of g · scale */
  void ofVector(Tensor g, Tensor variance, float scale, float share) {
    chunks.run(g.size(), (from, count, arrays) -> {
      long at = Float.BYTES * from;
      Raw.copy(g.address() + at, arrays[0], 0, count);
      Raw.copy(variance.address() + at, arrays[1], 0, count);
      scale(arrays[0], scale, count);
      follow(arrays[1], arrays[0], share, count);
      Raw.copy(arrays[1], 0, count, variance.address() + at);
      divide(arrays[0], arrays[1], 1, count);
      Raw.copy(arrays[0], 0, count, g.address() + at);
    });
  }

  private static void follow(float[] v, float[] g, float share, int count) {
    for (int i = 0; i < count; i++) v[i] += share * (g[i] * g[i] - v[i]);
  }

  /** @param g [rows, columns], out: the update; @param row [rows] and @param column [columns] move towards the mean squares */
  void ofMatrix(Tensor g, Tensor row, Tensor column, float scale, float share) {
    int width = Math.toIntExact(g.dim(1));
    overRows(g, (block, first, end, values) -> {
      double[] sums = columnSums[block];
      Arrays.fill(sums, 0, width, 0);
      for (long r = first; r < end; r++) {
        read(g, r, values, scale);
        long at = row.address() + Float.BYTES * r;
        float mean = (float) (squares(values, width) / width);
        Raw.putFloat(at, Raw.getFloat(at) + share * (mean - Raw.getFloat(at)));
        addSquares(values, sums, width);
      }
    });
    Raw.copy(column.address(), columns, 0, width);
    followColumns(g, share);
    Raw.copy(columns, 0, width, column.address());
    float ofRows = (float) (1 / Math.max(mean(row), EPSILON));
    overRows(g, (block, first, end, values) -> {
      for (long r = first; r < end; r++) {
        read(g, r, values, scale);
        divide(values, columns, Raw.getFloat(row.address() + Float.BYTES * r) * ofRows, width);
        Raw.copy(values, 0, width, g.address() + Float.BYTES * r * width);
      }
    });
  }

  private static void read(Tensor g, long row, float[] into, float scale) {
    int width = Math.toIntExact(g.dim(1));
    Raw.copy(g.address() + Float.BYTES * row * width, into, 0, width);
    scale(into, scale, width);
  }

  private void followColumns(Tensor g, float share) {
    int width = Math.toIntExact(g.dim(1));
    int blocks = blocks(g);
    for (int block = 1; block < blocks; block++) {
      for (int c = 0; c < width; c++) columnSums[0][c] += columnSums[block][c];
    }
    for (int c = 0; c < width; c++) columns[c] += share * ((float) (columnSums[0][c] / g.dim(0)) - columns[c]);
  }

  private static double mean(Tensor vector) {
    double sum = 0;
    for (long i = 0; i < vector.size(); i++) sum += Raw.getFloat(vector.address() + Float.BYTES * i);
    return sum / vector.size();
  }

  @FunctionalInterface
  private interface RowsBody {
    /** @param first row of the block; @param end one past the last; @param values room for one row, the worker's own */
    void run(int block, long first, long end, float[] values);
  }

  private void overRows(Tensor g, RowsBody body) {
    long each = rowsOfBlock(g);
    kernels.pool().run(blocks(g),
        (block, worker) -> body.run(block, block * each, Math.min(g.dim(0), (block + 1) * each), rows[worker]));
  }

  private static long rowsOfBlock(Tensor g) {
    return (g.dim(0) + BLOCKS - 1) / BLOCKS;
  }

  private static int blocks(Tensor g) {
    return Math.toIntExact((g.dim(0) + rowsOfBlock(g) - 1) / rowsOfBlock(g));
  }

  private static void scale(float[] x, float factor, int count) {
    for (int i = 0; i < count; i++) x[i] *= factor;
  }

  /** In four sums, one of which would wait for itself. */
  private static double squares(float[] x, int count) {
    double a = 0;
    double b = 0;
    double c = 0;
    double d = 0;
    int i = 0;
    for (; i + 3 < count; i += 4) {
      a += (double) x[i] * x[i];
      b += (double) x[i + 1] * x[i + 1];
      c += (double) x[i + 2] * x[i + 2];
      d += (double) x[i + 3] * x[i + 3];
    }
    for (; i < count; i++) a += (double) x[i] * x[i];
    return a + b + (c + d);
  }

  private static void addSquares(float[] x, double[] sums, int count) {
    for (int i = 0; i < count; i++) sums[i] += (double) x[i] * x[i];
  }

  /** g /= √max(factor · v, ε²). */
  private static void divide(float[] g, float[] v, float factor, int count) {
    for (int i = 0; i < count; i++) g[i] /= (float) Math.sqrt(Math.max(factor * v[i], EPSILON * EPSILON));
  }
}
