package dev.kindling.train.kernel;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.Arrays;

/** Everything between the matrix products that works on rows or single elements, over a pool's workers. */
final class RowOperations {
  private static final int STRIP = 64;                   // columns that one block of a sum over all rows takes
  private static final DType F = DType.FLOAT32;
  private final WorkerPool pool;
  private final Rows[] workers;
  private float[] partials = new float[0];

  RowOperations(WorkerPool pool, Rows[] workers) {
    this.pool = pool;
    this.workers = workers;
  }

  /** Rows [row, end) of one block. */
  @FunctionalInterface
  private interface RowBody {
    void run(long row, Rows rows);
  }

  private void forRows(long count, RowBody body) {
    pool.run(Blocks.count(count, Blocks.FEW_ROWS), (block, k) -> {
      long row = (long) block * Blocks.FEW_ROWS;
      long end = row + Blocks.size(count, Blocks.FEW_ROWS, block);
      for (; row < end; row++) body.run(row, workers[k]);
    });
  }

  /** Elements [from, from + n) of many, few enough to be in the first-level cache. */
  @FunctionalInterface
  private interface PieceBody {
    void run(long from, int n, Rows rows);
  }

  private void forPieces(long size, PieceBody body) {
    pool.run(Blocks.count(size, Blocks.ELEMENTS), (block, k) -> {
      long from = (long) block * Blocks.ELEMENTS;
      long end = from + Blocks.size(size, Blocks.ELEMENTS, block);
      for (; from < end; from += Blocks.PIECE) body.run(from, (int) Math.min(Blocks.PIECE, end - from), workers[k]);
    });
  }

  private static long at(Tensor tensor, long element) {
    return tensor.address() + element * tensor.type().bytes();
  }

  private static int width(Tensor tensor) {
    return Math.toIntExact(tensor.dim(-1));
  }

  void embed(Tensor ids, Tensor table, Tensor positions, long time, Tensor x) {
    int width = width(x);
    checkIds(ids, table.rows());
    forRows(ids.size(), (r, rows) -> {
      float[] sum = rows.read(0, F, at(table, (long) id(ids, r) * width), width);
      rows.kernels().add(rows.read(1, F, at(positions, r % time * width), width), sum, width);
      rows.write(sum, width, F, at(x, r * width));
    });
  }

  private static int id(Tensor ids, long row) {
    return Raw.getInt(ids.address() + 4 * row);
  }

  /** A wrong id would read or write foreign memory. */
  private static void checkIds(Tensor ids, long vocabulary) {
    for (long r = 0; r < ids.size(); r++) {
      int id = id(ids, r);
      if (id < 0 || id >= vocabulary) {
        throw new IllegalArgumentException("token id " + id + " at " + r + " is not in [0, " + vocabulary + ")");
      }
    }
  }

  /** Columns are cut among the blocks, each of which takes all rows in their order. */
  void embedGradient(Tensor ids, Tensor dx, long time, Tensor dTable, Tensor dPositions) {
    int width = width(dx);
    checkIds(ids, dTable.rows());
    pool.run(Blocks.count(width, STRIP), (strip, k) -> {
      int column = strip * STRIP;
      int n = Blocks.size(width, STRIP, strip);
      for (long r = 0; r < ids.size(); r++) {
        float[] d = workers[k].read(0, F, at(dx, r * width + column), n);
        addTo(workers[k], d, n, at(dTable, (long) id(ids, r) * width + column));
        addTo(workers[k], d, n, at(dPositions, r % time * width + column));
      }
    });
  }

  private static void addTo(Rows rows, float[] x, int n, long address) {
    float[] sum = rows.read(7, F, address, n);
    rows.kernels().add(x, sum, n);
    rows.write(sum, n, F, address);
  }

  void layerNorm(Tensor x, Tensor residual, Tensor sum, Tensor scale, Tensor shift, float epsilon, Tensor y,
      Tensor stats) {
    requireSameSize(x, y);
    int width = width(x);
    forRows(x.rows(), (r, rows) -> {
      RowKernels kernels = rows.kernels();
      float[] row = rows.read(0, F, at(x, r * width), width);
      if (residual != null) {
        kernels.add(rows.read(1, F, at(residual, r * width), width), row, width);
        rows.write(row, width, F, at(sum, r * width));
      }
      float mean = kernels.sum(row, width) / width;
      float rstd = (float) (1 / Math.sqrt(kernels.squaredDistance(row, mean, width) / width + epsilon));
      kernels.normalize(row, mean, rstd, rows.read(2, F, scale.address(), width),
          rows.read(3, F, shift.address(), width),
          row, width);
      rows.write(row, width, y.type(), at(y, r * width));
      Raw.putFloat(at(stats, 2 * r), mean);
      Raw.putFloat(at(stats, 2 * r + 1), rstd);
    });
  }

  void layerNormGradient(Tensor dy, Tensor sum, Tensor scale, Tensor stats, Tensor dResidual, Tensor dx, Tensor dScale,
      Tensor dShift) {
    requireSameSize(sum, dy, dx);
    int width = width(sum);
    long count = sum.rows();
    int blocks = Blocks.count(count, Blocks.FEW_ROWS);
    float[] sums = partials(2L * blocks * width);
    pool.run(blocks, (block, k) -> {
      Rows rows = workers[k];
      float[] partScale = rows.zeros(4, width);
      float[] partShift = rows.zeros(5, width);
      long first = (long) block * Blocks.FEW_ROWS;
      for (long r = first; r < first + Blocks.size(count, Blocks.FEW_ROWS, block); r++) {
        float[] out = rows.row(3, width);
        rows.kernels().normGradient(rows.read(0, dy.type(), at(dy, r * width), width),
            rows.read(1, F, at(sum, r * width), width),
            Raw.getFloat(at(stats, 2 * r)), Raw.getFloat(at(stats, 2 * r + 1)), rows.read(2, F, scale.address(), width),
            partScale, partShift, out, width);
        if (dResidual != null) rows.kernels().add(rows.read(6, F, at(dResidual, r * width), width), out, width);
        rows.write(out, width, F, at(dx, r * width));
      }
      System.arraycopy(partScale, 0, sums, 2 * block * width, width);
      System.arraycopy(partShift, 0, sums, (2 * block + 1) * width, width);
    });
    addPartials(sums, 0, blocks, width, dScale);
    addPartials(sums, 1, blocks, width, dShift);
  }

  private float[] partials(long size) {
    if (partials.length < size) partials = new float[Math.toIntExact(size)];
    return partials;
  }

  /** to += the blocks' partial sums, in block order; those of block i begin at (2 i + offset) width. */
  private static void addPartials(float[] sums, int offset, int blocks, int width, Tensor to) {
    float[] total = to.toFloats();
    for (int block = 0; block < blocks; block++) {
      int from = (2 * block + offset) * width;
      for (int i = 0; i < width; i++) total[i] += sums[from + i];
    }
    to.put(0, total, 0, width);
  }

  /** Columns are cut among the blocks; rows are summed by blocks of {@link Blocks#ROWS}, then these sums in order. */
  void biasGradient(Tensor dy, Tensor db) {
    int width = width(dy);
    int strip = 4 * STRIP;
    pool.run(Blocks.count(width, strip), (block, k) -> {
      Rows rows = workers[k];
      int column = block * strip;
      int n = Blocks.size(width, strip, block);
      float[] total = rows.read(0, F, at(db, column), n);
      float[] part = rows.zeros(1, n);
      long count = dy.rows();
      for (long r = 0; r < count; r++) {
        rows.kernels().add(rows.read(2, dy.type(), at(dy, r * width + column), n), part, n);
        if ((r + 1) % Blocks.ROWS == 0 || r + 1 == count) {
          rows.kernels().add(part, total, n);
          Arrays.fill(part, 0, n, 0);
        }
      }
      rows.write(total, n, F, at(db, column));
    });
  }

  /** More elements than there is room for would be written over foreign memory. */
  private static void requireSameSize(Tensor first, Tensor... others) {
    for (Tensor other : others) {
      if (other.size() != first.size()) throw new IllegalArgumentException(first + " and " + other + " differ in size");
    }
  }

  void gelu(Tensor x, Tensor y) {
    requireSameSize(x, y);
    forPieces(x.size(), (from, n, rows) -> {
      float[] row = rows.read(0, x.type(), at(x, from), n);
      rows.kernels().gelu(row, row, n);
      rows.write(row, n, y.type(), at(y, from));
    });
  }

  void geluGradient(Tensor x, Tensor dy, Tensor dx) {
    requireSameSize(x, dy, dx);
    forPieces(x.size(), (from, n, rows) -> {
      float[] d = rows.read(1, dy.type(), at(dy, from), n);
      rows.kernels().geluGradient(rows.read(0, x.type(), at(x, from), n), d, rows.row(2, n), n);
      rows.write(d, n, dx.type(), at(dx, from));
    });
  }

  void convert(Tensor from, Tensor to) {
    requireSameSize(from, to);
    forPieces(from.size(),
        (at, n, rows) -> rows.write(rows.read(0, from.type(), at(from, at), n), n, to.type(), at(to, at)));
  }

  void add(Tensor from, Tensor to) {
    requireSameSize(from, to);
    forPieces(from.size(), (at, n, rows) -> addTo(rows, rows.read(0, F, at(from, at), n), n, at(to, at)));
  }

  void attendOne(Tensor q, Tensor keys, Tensor values, long length, int heads, Tensor y) {
    int width = width(keys);
    int size = width / heads;
    int n = Math.toIntExact(length);
    float factor = (float) (1 / Math.sqrt(size));
    pool.run(heads, (head, k) -> {
      Rows rows = workers[k];
      RowKernels kernels = rows.kernels();
      int column = head * size;
      float[] query = rows.read(0, F, at(q, column), size);
      float[] scores = rows.row(1, n);
      for (int i = 0; i < n; i++)
        scores[i] = kernels.dot(query, rows.read(2, F, at(keys, (long) i * width + column), size), size);
      float sum = kernels.exp(scores, factor, factor * kernels.max(scores, n), n);
      float[] out = rows.zeros(3, size);
      for (int i = 0; i < n; i++) {
        kernels.addScaled(rows.read(2, F, at(values, (long) i * width + column), size), scores[i] / sum, out, size);
      }
      rows.write(out, size, F, at(y, column));
    });
  }

  void sumSquares(Tensor g, double[] squares) {
    pool.run(Blocks.count(g.size(), Kernels.NORM_BLOCK), (block, k) -> {
      long from = (long) block * Kernels.NORM_BLOCK;
      long end = from + Blocks.size(g.size(), Kernels.NORM_BLOCK, block);
      double sum = 0;
      for (; from < end; from += Blocks.PIECE) {
        int n = (int) Math.min(Blocks.PIECE, end - from);
        float[] row = workers[k].read(0, F, at(g, from), n);
        sum += workers[k].kernels().dot(row, row, n);
      }
      squares[block] = sum;
    });
  }

  void adamw(Tensor w, Tensor gradient, Tensor m, Tensor v, RowKernels.AdamWStep step) {
    requireSameSize(w, gradient, m, v);
    forPieces(w.size(), (from, n, rows) -> {
      float[] weights = rows.read(0, F, at(w, from), n);
      float[] first = rows.read(2, F, at(m, from), n);
      float[] second = rows.read(3, F, at(v, from), n);
      rows.kernels().adamw(weights, rows.read(1, F, at(gradient, from), n), first, second, step, n);
      rows.write(weights, n, F, at(w, from));
      rows.write(first, n, F, at(m, from));
      rows.write(second, n, F, at(v, from));
    });
  }
}
