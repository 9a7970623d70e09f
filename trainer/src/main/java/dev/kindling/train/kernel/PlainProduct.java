package dev.kindling.train.kernel;

import java.util.Arrays;

/**
 * A B for any strided matrices: tiles of 64 × 64 of the result, each by one worker; sums over 64 inner elements in
 * float32, those added in double, both in ascending order. An element's bits depend on its own row and column only.
 */
final class PlainProduct {
  /** Takes the elements of the result, each once. */
  @FunctionalInterface
  interface Store {
    void put(long row, long column, double value);
  }

  private static final int TILE = 64;
  private final WorkerPool pool;
  private final float[][] lefts;
  private final float[][] rights;
  private final double[][] sums;

  PlainProduct(WorkerPool pool) {
    this.pool = pool;
    lefts = new float[pool.threads()][TILE * TILE];
    rights = new float[pool.threads()][TILE * TILE];
    sums = new double[pool.threads()][TILE * TILE];
  }

  /** @param a [m, k]; @param b [k, n]; @param store called by several workers */
  void run(PlainMatrix a, PlainMatrix b, Store store) {
    if (a.columns() != b.rows()) throw new IllegalArgumentException("cannot multiply " + a + " with " + b);
    long across = (b.columns() + TILE - 1) / TILE;
    long tiles = (a.rows() + TILE - 1) / TILE * across;
    pool.run(Math.toIntExact(tiles), (tile, worker) -> {
      long row = tile / across * TILE;
      long column = tile % across * TILE;
      int rows = (int) Math.min(TILE, a.rows() - row);
      int columns = (int) Math.min(TILE, b.columns() - column);
      double[] sum = sums[worker];
      Arrays.fill(sum, 0);
      for (long k = 0; k < a.columns(); k += TILE) {
        int inner = (int) Math.min(TILE, a.columns() - k);
        a.read(row, rows, k, inner, lefts[worker], TILE);
        b.read(k, inner, column, columns, rights[worker], TILE);
        for (int r = 0; r < rows; r++) addRow(lefts[worker], rights[worker], r, inner, sum);
      }
      for (int r = 0; r < rows; r++) {
        for (int c = 0; c < columns; c++) store.put(row + r, column + c, sum[r * TILE + c]);
      }
    });
  }

  private static void addRow(float[] left, float[] right, int row, int inner, double[] sum) {
    float[] part = new float[TILE];
    for (int k = 0; k < inner; k++) {
      float l = left[row * TILE + k];
      int at = k * TILE;
      for (int c = 0; c < TILE; c++) part[c] += l * right[at + c];
    }
    for (int c = 0; c < TILE; c++) sum[row * TILE + c] += part[c];
  }
}
