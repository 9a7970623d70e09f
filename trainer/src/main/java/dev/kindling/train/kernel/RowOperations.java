package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.RowWork.at;
import static dev.kindling.train.kernel.RowWork.requireSameSize;

import dev.kindling.train.kernel.OneDnnProducts.Place;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/** Everything between the matrix products that works on rows or single elements, over a pool's workers. */
final class RowOperations {
  private static final int STRIP = 1024;                 // columns that one block of a sum over all rows takes
  private static final int MOST_SUMS = 16;               // of blocks of rows that are there at once
  /** Elements of four vectors that are read by turns: whole pages of each take a fifth longer. */
  private static final int SMALL_PIECE = 256;
  private static final DType F = DType.FLOAT32;
  private final RowWork work;
  private float[] sums = new float[0];                   // of blocks of rows

  RowOperations(RowWork work) {
    this.work = work;
  }

  /**
   * Sums over rows by blocks of {@link Blocks#ROWS}, then these sums in order. A block reads long pieces of its rows: memory brings
   * short ones, a page apart, several times slower.
   */
  void biasGradient(Place dy, long count, Tensor db) {
    int width = Math.toIntExact(db.size());
    int strips = Blocks.count(width, STRIP);
    for (long first = 0; first < count; first += MOST_SUMS * Blocks.ROWS) {
      long last = Math.min(count, first + MOST_SUMS * Blocks.ROWS);
      int blocks = Blocks.count(last - first, Blocks.ROWS);
      if (sums.length < blocks * width) sums = new float[blocks * width];
      long start = first;
      work.forBlocks((long) blocks * strips, 1, (i, from, to, rows) -> {
        int block = i / strips, column = i % strips * STRIP, n = Math.min(STRIP, width - column);
        float[] part = rows.zeros(1, n);
        long end = Math.min(last, start + (block + 1L) * Blocks.ROWS);
        for (long r = start + (long) block * Blocks.ROWS; r < end; r++)
          rows.add(dy.type(), dy.at(r, column), part, n, 2);
        System.arraycopy(part, 0, sums, block * width + column, n);
      });
      addSums(blocks, width, db);
    }
  }

  private void addSums(int blocks, int width, Tensor db) {
    work.forBlocks(width, STRIP, (strip, from, end, rows) -> {
      int n = (int) (end - from);
      float[] total = rows.read(0, F, at(db, from), n);
      for (int block = 0; block < blocks; block++) {
        int at = block * width + (int) from;
        for (int i = 0; i < n; i++) total[i] += sums[at + i];
      }
      rows.write(total, n, F, at(db, from));
    });
  }

  void convert(Tensor from, Tensor to) {
    requireSameSize(from, to);
    work.forPieces(from.size(),
        (at, n, rows) -> rows.write(rows.read(0, from.type(), at(from, at), n), n, to.type(), at(to, at)));
  }

  void add(Tensor from, Tensor to) {
    requireSameSize(from, to);
    work.forPieces(from.size(), (at, n, rows) -> {
      float[] sum = rows.read(1, to.type(), at(to, at), n);
      rows.kernels().add(rows.read(0, from.type(), at(from, at), n), sum, n);
      rows.write(sum, n, to.type(), at(to, at));
    });
  }

  void scale(Tensor x, float factor, Tensor y) {
    requireSameSize(x, y);
    work.forPieces(x.size(), (at, n, rows) -> {
      float[] row = rows.read(0, x.type(), at(x, at), n);
      rows.kernels().scale(row, factor, n);
      rows.write(row, n, y.type(), at(y, at));
    });
  }

  void dropout(Tensor x, float rate, CounterRandom random, Tensor y) {
    requireSameSize(x, y);
    int threshold = KeepMask.threshold(rate);
    float factor = KeepMask.factor(rate);
    work.forPieces(x.size(), (at, n, rows) -> {
      float[] row = rows.read(0, x.type(), at(x, at), n);
      rows.kernels().mask(row, KeepMask.bits(random, at), threshold, factor, n);
      rows.write(row, n, y.type(), at(y, at));
    });
  }

  void rotate(Heads x, Tensor positions, Tensor cos, Tensor sin, boolean back) {
    int half = RowWork.width(cos);
    checkPositions(x, positions, cos, sin);
    int span = (x.count() - 1) * x.step() + 2 * half;
    DType type = x.rows().type();
    work.forRows(positions.size(), (r, rows) -> {
      long angles = (long) Raw.getInt(positions.address() + 4 * r) * half;
      float[] cosines = rows.read(1, F, at(cos, angles), half);
      float[] sines = rows.read(2, F, at(sin, angles), half);
      if (back) rows.kernels().scale(sines, -1, half);
      long address = at(x.rows(), r * x.rows().dim(2) + x.offset());
      float[] row = rows.read(0, type, address, span);
      for (int h = 0; h < x.count(); h++) rows.kernels().rotate(row, h * x.step(), cosines, sines, half);
      rows.write(row, span, type, address);
    });
  }

  /** A wrong position would read foreign memory. */
  private static void checkPositions(Heads x, Tensor positions, Tensor cos, Tensor sin) {
    requireSameSize(cos, sin);
    if (positions.size() != x.rows().rows() || 2 * cos.dim(-1) > x.headDim()) {
      throw new IllegalArgumentException(x + " cannot be rotated by " + cos + " at " + positions);
    }
    for (long r = 0; r < positions.size(); r++) {
      int position = Raw.getInt(positions.address() + 4 * r);
      if (position < 0 || position >= cos.rows()) {
        throw new IllegalArgumentException("position " + position + " at " + r + " is not in [0, " + cos.rows() + ")");
      }
    }
  }

  void sumSquares(Tensor g, double[] squares) {
    work.forBlocks(g.size(), Kernels.NORM_BLOCK, (block, from, end, rows) -> {
      double sum = 0;
      for (long at = from; at < end; at += Blocks.PIECE) {
        int n = (int) Math.min(Blocks.PIECE, end - at);
        float[] row = rows.read(0, F, at(g, at), n);
        sum += rows.kernels().dot(row, row, n);
      }
      squares[block] = sum;
    });
  }

  void adamw(Tensor w, Tensor gradient, Tensor m, Tensor v, RowKernels.AdamWStep step) {
    requireSameSize(w, gradient, m, v);
    work.forBlocks(w.size(), Blocks.ELEMENTS, (block, from, to, rows) -> {
      int done = rows.kernels().adamwInPlace(at(w, from), at(gradient, from), at(m, from), at(v, from), step,
          (int) (to - from));
      for (long at = from + done; at < to; at += SMALL_PIECE) {
        adamw(w, gradient, m, v, step, at, (int) Math.min(SMALL_PIECE, to - at), rows);
      }
    });
  }

  private static void adamw(Tensor w, Tensor gradient, Tensor m, Tensor v, RowKernels.AdamWStep step, long from, int n,
      Rows rows) {
    float[] weights = rows.read(0, F, at(w, from), n);
    float[] first = rows.read(2, F, at(m, from), n);
    float[] second = rows.read(3, F, at(v, from), n);
    rows.kernels().adamw(weights, rows.read(1, F, at(gradient, from), n), first, second, step, n);
    rows.write(weights, n, F, at(w, from));
    rows.write(first, n, F, at(m, from));
    rows.write(second, n, F, at(v, from));
  }
}
