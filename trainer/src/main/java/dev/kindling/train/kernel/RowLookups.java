package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.RowWork.at;

import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/** {@link Lookups} over {@link RowKernels}. */
final class RowLookups implements Lookups {
  private static final int STRIP = 64;                   // columns that one block of a sum over all rows takes
  private final RowWork work;

  RowLookups(RowWork work) {
    this.work = work;
  }

  private static int int32(Tensor of, long i) {
    return Raw.getInt(of.address() + Integer.BYTES * i);
  }

  /** A wrong id would read or write foreign memory. */
  private static void checkIds(Tensor ids, Tensor table, Tensor x) {
    if (ids.size() != x.rows() || x.dim(-1) != table.dim(-1)) {
      throw new IllegalArgumentException(x + " are not " + ids + " rows of " + table);
    }
    for (long r = 0; r < ids.size(); r++) {
      int id = int32(ids, r);
      if (id < 0 || id >= table.rows()) {
        throw new IllegalArgumentException("token id " + id + " at " + r + " is not in [0, " + table.rows() + ")");
      }
    }
  }

  @Override
  public void gather(Tensor ids, Tensor table, float factor, boolean add, Tensor x) {
    checkIds(ids, table, x);
    int width = RowWork.width(x);
    work.forRows(ids.size(), (r, rows) -> {
      float[] row = rows.read(0, table.type(), at(table, (long) int32(ids, r) * width), width);
      if (factor != 1) rows.kernels().scale(row, factor, width);
      if (add) rows.kernels().add(rows.read(1, x.type(), at(x, r * width), width), row, width);
      rows.write(row, width, x.type(), at(x, r * width));
    });
  }

  /** Columns are cut among the blocks, each of which takes all rows in their order. */
  @Override
  public void gatherGradient(Tensor ids, Tensor dx, float factor, Tensor dTable) {
    checkIds(ids, dTable, dx);
    int width = RowWork.width(dx);
    work.forBlocks(width, STRIP, (strip, column, end, rows) -> {
      int n = (int) (end - column);
      for (long r = 0; r < ids.size(); r++) {
        long to = at(dTable, (long) int32(ids, r) * width + column);
        float[] sum = rows.read(1, dTable.type(), to, n);
        rows.kernels().addScaled(rows.read(0, dx.type(), at(dx, r * width + column), n), factor, sum, n);
        rows.write(sum, n, dTable.type(), to);
      }
    });
  }

  private static void checkSpans(Tensor spans, Tensor rows, Tensor means) {
    if (spans.size() != 2 * means.rows() || rows.dim(-1) != means.dim(-1)) {
      throw new IllegalArgumentException(means + " are not means of " + spans + " of " + rows);
    }
    for (long i = 0; i < means.rows(); i++) {
      int from = int32(spans, 2 * i);
      int to = int32(spans, 2 * i + 1);
      if (from < 0 || to > rows.rows()) throw new IllegalArgumentException(rows + " has no rows " + from + " to " + to);
    }
  }

  @Override
  public void means(Tensor x, Tensor spans, Tensor y) {
    checkSpans(spans, x, y);
    int width = RowWork.width(x);
    work.pool().run(Math.toIntExact(y.rows()), (i, k) -> {
      Rows rows = work.workers()[k];
      int from = int32(spans, 2L * i);
      int to = int32(spans, 2L * i + 1);
      float[] sum = rows.zeros(0, width);
      for (long r = from; r < to; r++) rows.kernels().add(rows.read(1, x.type(), at(x, r * width), width), sum, width);
      if (to > from) rows.kernels().scale(sum, 1f / (to - from), width);
      rows.write(sum, width, y.type(), at(y, (long) i * width));
    });
  }

  @Override
  public void meansGradient(Tensor dy, Tensor spans, Tensor dx) {
    checkSpans(spans, dx, dy);
    int width = RowWork.width(dx);
    Raw.zero(dx.address(), dx.bytes());
    work.pool().run(Math.toIntExact(dy.rows()), (i, k) -> {
      Rows rows = work.workers()[k];
      int from = int32(spans, 2L * i);
      int to = int32(spans, 2L * i + 1);
      if (to <= from) return;
      float[] row = rows.read(0, dy.type(), at(dy, (long) i * width), width);
      rows.kernels().scale(row, 1f / (to - from), width);
      for (long r = from; r < to; r++) rows.write(row, width, dx.type(), at(dx, r * width));
    });
  }
}
