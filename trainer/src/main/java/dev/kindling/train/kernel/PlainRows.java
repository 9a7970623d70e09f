package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/** Embedding and layer norm in plain Java, sums in double. Sums over rows go by columns: each column in row order. */
final class PlainRows {
  private static final int ROWS = 32;                      // of a block
  private static final int COLUMNS = 32;
  private final WorkerPool pool;

  PlainRows(WorkerPool pool) {
    this.pool = pool;
  }

  /** Blocks of rows. */
  private void overRows(long rows, RowBody body) {
    pool.run(Math.toIntExact((rows + ROWS - 1) / ROWS), (block, worker) -> {
      long to = Math.min(rows, (block + 1L) * ROWS);
      for (long r = (long) block * ROWS; r < to; r++) body.run(r);
    });
  }

  /** Each column by one worker. */
  private void overColumns(long columns, RowBody body) {
    pool.run(Math.toIntExact((columns + COLUMNS - 1) / COLUMNS), (block, worker) -> {
      long to = Math.min(columns, (block + 1L) * COLUMNS);
      for (long c = (long) block * COLUMNS; c < to; c++) body.run(c);
    });
  }

  @FunctionalInterface
  private interface RowBody {
    void run(long index);
  }

  void biasGradient(Tensor dy, Tensor db) {
    PlainMatrix rows = PlainMatrix.of(dy);
    PlainMatrix sum = PlainMatrix.of(db);
    overColumns(rows.columns(), c -> {
      double total = 0;
      for (long r = 0; r < rows.rows(); r++) total += rows.get(r, c);
      sum.put(0, c, (float) (sum.get(0, c) + total));
    });
  }

  void embed(Tensor ids, Tensor table, Tensor positions, long time, Tensor x) {
    PlainMatrix from = PlainMatrix.of(table);
    PlainMatrix at = PlainMatrix.of(positions);
    PlainMatrix to = PlainMatrix.of(x);
    overRows(ids.size(), r -> {
      int id = Raw.getInt(ids.address() + r * Integer.BYTES);
      for (long c = 0; c < to.columns(); c++) to.put(r, c, from.get(id, c) + at.get(r % time, c));
    });
  }

  void embedGradient(Tensor ids, Tensor dx, long time, Tensor dTable, Tensor dPositions) {
    PlainMatrix from = PlainMatrix.of(dx);
    PlainMatrix table = PlainMatrix.of(dTable);
    PlainMatrix positions = PlainMatrix.of(dPositions);
    overColumns(from.columns(), c -> {
      for (long r = 0; r < ids.size(); r++) {
        int id = Raw.getInt(ids.address() + r * Integer.BYTES);
        table.put(id, c, table.get(id, c) + from.get(r, c));
        positions.put(r % time, c, positions.get(r % time, c) + from.get(r, c));
      }
    });
  }

  void layerNorm(Tensor x, Tensor residual, Tensor sum, Tensor scale, Tensor shift, float epsilon, Tensor y,
      Tensor stats) {
    PlainMatrix in = PlainMatrix.of(x);
    PlainMatrix more = residual == null ? null : PlainMatrix.of(residual);
    PlainMatrix sums = residual == null ? in : PlainMatrix.of(sum);
    PlainMatrix scales = PlainMatrix.of(scale);
    PlainMatrix shifts = PlainMatrix.of(shift);
    PlainMatrix out = PlainMatrix.of(y);
    PlainMatrix stat = PlainMatrix.of(stats);
    overRows(in.rows(), r -> {
      long width = in.columns();
      double mean = 0;
      for (long c = 0; c < width; c++) {
        if (more != null) sums.put(r, c, in.get(r, c) + more.get(r, c));
        mean += sums.get(r, c);
      }
      mean /= width;
      double variance = 0;
      for (long c = 0; c < width; c++) {
        double centered = sums.get(r, c) - mean;
        variance += centered * centered;
      }
      double inverse = 1 / Math.sqrt(variance / width + epsilon);
      for (long c = 0; c < width; c++) {
        double normalized = (sums.get(r, c) - mean) * inverse;
        out.put(r, c, (float) (normalized * scales.get(0, c) + shifts.get(0, c)));
      }
      stat.put(r, 0, (float) mean);
      stat.put(r, 1, (float) inverse);
    });
  }

  void layerNormGradient(Tensor dy, Tensor sum, Tensor scale, Tensor stats, Tensor dResidual, Tensor dx,
      Tensor dScale, Tensor dShift) {
    PlainMatrix out = PlainMatrix.of(dy);
    PlainMatrix in = PlainMatrix.of(sum);
    PlainMatrix stat = PlainMatrix.of(stats);
    PlainMatrix dScales = PlainMatrix.of(dScale);
    PlainMatrix dShifts = PlainMatrix.of(dShift);
    PlainMatrix scales = PlainMatrix.of(scale);
    PlainMatrix passing = dResidual == null ? null : PlainMatrix.of(dResidual);
    PlainMatrix to = PlainMatrix.of(dx);
    overColumns(in.columns(), c -> {
      double scaled = 0;
      double shifted = 0;
      for (long r = 0; r < in.rows(); r++) {
        double normalized = ((double) in.get(r, c) - stat.get(r, 0)) * stat.get(r, 1);
        scaled += out.get(r, c) * normalized;
        shifted += out.get(r, c);
      }
      dScales.put(0, c, (float) (dScales.get(0, c) + scaled));
      dShifts.put(0, c, (float) (dShifts.get(0, c) + shifted));
    });
    overRows(in.rows(), r -> {
      long width = in.columns();
      double mean = stat.get(r, 0);
      double inverse = stat.get(r, 1);
      double meanG = 0;
      double meanGn = 0;
      for (long c = 0; c < width; c++) {
        double g = (double) out.get(r, c) * scales.get(0, c);
        meanG += g;
        meanGn += g * (in.get(r, c) - mean) * inverse;
      }
      meanG /= width;
      meanGn /= width;
      for (long c = 0; c < width; c++) {
        double g = (double) out.get(r, c) * scales.get(0, c);
        double normalized = (in.get(r, c) - mean) * inverse;
        double back = (g - meanG - normalized * meanGn) * inverse;
        to.put(r, c, (float) (passing == null ? back : passing.get(r, c) + back));
      }
    });
  }
}
