package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.RowWork.at;

import dev.kindling.train.tensor.Tensor;

/** {@link Activations} over {@link RowKernels}. */
final class RowActivations implements Activations {
  private final RowWork work;

  RowActivations(RowWork work) {
    this.work = work;
  }

  @Override
  public void activate(Activation a, Tensor x, Tensor y) {
    RowWork.requireSameSize(x, y);
    work.forPieces(x.size(), (from, n, rows) -> {
      float[] value = rows.row(1, n);
      rows.kernels().activate(a, rows.read(0, x.type(), at(x, from), n), value, n);
      rows.write(value, n, y.type(), at(y, from));
    });
  }

  @Override
  public void activateGradient(Activation a, Tensor x, Tensor dy, Tensor dx) {
    RowWork.requireSameSize(x, dy, dx);
    work.forPieces(x.size(), (from, n, rows) -> {
      float[] d = rows.read(1, dy.type(), at(dy, from), n);
      float[] slope = rows.read(0, x.type(), at(x, from), n);
      rows.kernels().activateWithSlope(a, slope, rows.row(2, n), rows.row(3, n), n);
      rows.kernels().multiply(slope, d, n);
      rows.write(d, n, dx.type(), at(dx, from));
    });
  }

  @Override
  public void activateAgain(Activation a, Tensor x, Tensor y, Tensor dy) {
    RowWork.requireSameSize(x, y, dy);
    work.forPieces(x.size(), (from, n, rows) -> {
      float[] slope = rows.read(0, x.type(), at(x, from), n);
      float[] value = rows.row(2, n);
      rows.kernels().activateWithSlope(a, slope, value, rows.row(3, n), n);
      rows.write(value, n, y.type(), at(y, from));
      rows.kernels().multiply(rows.read(1, dy.type(), at(dy, from), n), slope, n);
      rows.write(slope, n, dy.type(), at(dy, from));
    });
  }

  /** Columns [column, column + n) of one row. */
  @FunctionalInterface
  private interface PieceOfRow {
    void run(long row, long column, int n, Rows rows);
  }

  private void forPiecesOfRows(Columns like, PieceOfRow body) {
    int height = (int) Math.max(1, Blocks.ELEMENTS / like.count());
    work.forBlocks(like.rows(), height, (block, from, to, rows) -> {
      for (long r = from; r < to; r++) {
        for (long c = 0; c < like.count(); c += Blocks.PIECE) {
          body.run(r, c, (int) Math.min(Blocks.PIECE, like.count() - c), rows);
        }
      }
    });
  }

  private static void requireSameShape(Columns first, Columns... others) {
    for (Columns other : others) {
      if (other.rows() != first.rows() || other.count() != first.count()) {
        throw new IllegalArgumentException(first + " and " + other + " differ in shape");
      }
    }
  }

  @Override
  public void gate(Activation a, Columns gate, Columns up, Tensor y) {
    Columns to = Columns.all(y);
    requireSameShape(to, gate, up);
    forPiecesOfRows(to, (r, c, n, rows) -> {
      float[] value = rows.row(2, n);
      rows.kernels().activate(a, rows.read(0, gate.type(), gate.address(r, c), n), value, n);
      rows.kernels().multiply(rows.read(1, up.type(), up.address(r, c), n), value, n);
      rows.write(value, n, to.type(), to.address(r, c));
    });
  }

  @Override
  public void gateGradient(Activation a, Columns gate, Columns up, Tensor dy, Columns dGate, Columns dUp) {
    Columns back = Columns.all(dy);
    requireSameShape(back, gate, up, dGate, dUp);
    forPiecesOfRows(back, (r, c, n, rows) -> {
      float[] slope = rows.read(0, gate.type(), gate.address(r, c), n);
      float[] value = rows.row(1, n);
      rows.kernels().activateWithSlope(a, slope, value, rows.row(2, n), n);
      float[] d = rows.read(2, back.type(), back.address(r, c), n);
      rows.kernels().multiply(d, value, n);
      rows.kernels().multiply(d, slope, n);
      rows.kernels().multiply(rows.read(3, up.type(), up.address(r, c), n), slope, n);
      rows.write(slope, n, dGate.type(), dGate.address(r, c));
      rows.write(value, n, dUp.type(), dUp.address(r, c));
    });
  }
}
