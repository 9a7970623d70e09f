package dev.kindling.train.kernel;

import dev.kindling.train.kernel.OneDnnProducts.Place;
import dev.kindling.train.kernel.Primitive.Matrix;
import dev.kindling.train.kernel.Primitive.Order;
import dev.kindling.train.kernel.Primitive.Product;
import dev.kindling.train.kernel.Primitive.Reorder;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;

/**
 * Keys or values of one head of a sequence, X [keys, headDim], as what many queries are multiplied with. Where oneDNN wants panels of
 * 64 columns, X and its transpose are laid out so once; otherwise every product does it again. What no query sees is zero: what
 * stands on padding may be anything, even no number.
 */
final class HeadOperand {
  /** Keys at which a product may begin. */
  static final int STEP = OneDnn.PANEL;
  private final OneDnnWorker worker;
  private final Place rows;
  private final int keys;
  private final int width;
  private long straight;                         // X in panels; 0: as it is
  private long turned;                           // its transpose in panels; 0: as it is

  private HeadOperand(OneDnnWorker worker, Place rows, int keys, int width) {
    this.worker = worker;
    this.rows = rows;
    this.keys = keys;
    this.width = width;
  }

  /**
   * The first {@code keys} rows of a head of a sequence.
   *
   * @param seen which of them are; null: all; @param copy where they go if some are not
   */
  static HeadOperand of(OneDnnWorker worker, Heads matrix, int sequence, int head, int keys, boolean[] seen,
      Scratch.Slot copy) {
    Place from = AttentionTile.place(matrix, sequence, head, 0);
    int width = matrix.headDim();
    if (seen == null) return new HeadOperand(worker, from, keys, width);
    long bytes = (long) width * from.type().bytes();
    Place to = new Place(worker.scratch(copy, bytes * matrix.time()), from.type(), width);
    for (int i = 0; i < keys; i++) {
      if (seen[i]) Raw.copy(from.at(i, 0), to.at(i, 0), bytes);
      else Raw.zero(to.at(i, 0), bytes);
    }
    return new HeadOperand(worker, to, keys, width);
  }

  /** Whether heads of a width are laid out in panels. */
  static boolean panels(DType type, int width) {
    return width % OneDnn.PAIRED_STEP == 0 && OneDnn.packsPanels(type, 2 * STEP, 2 * STEP);
  }

  /** Bytes of X in panels, and of its transpose. */
  static long bytes(DType type, int keys, int width) {
    long padded = (keys + STEP - 1L) / STEP * STEP;
    return padded * ((width + STEP - 1L) / STEP * STEP) * type.bytes();
  }

  /** Readies {@link #times}. */
  HeadOperand straight(Scratch.Slot slot) {
    if (keys == 0 || !panels(rows.type(), width)) return this;
    straight = worker.scratch(slot, bytes(rows.type(), keys, width));
    for (int column = 0; column < width; column += STEP) {
      worker.run(
          new Reorder(keys, Math.min(STEP, width - column), rows.inRows(), new Matrix(rows.type(), Order.PANELS, 0)),
          rows.at(0, column), straight + panel(column));
    }
    return this;
  }

  /** Readies {@link #timesTransposed}: the halves of a key are pairs already, and are turned as whole numbers. */
  HeadOperand transposed(Scratch.Slot slot) {
    int perNumber = Float.BYTES / rows.type().bytes();
    if (!panels(rows.type(), width) || rows.stride() % perNumber != 0) return this;
    turned = worker.scratch(slot, bytes(rows.type(), keys, width));
    Matrix from = new Matrix(DType.INT32, Order.ROWS, rows.stride() / perNumber);
    for (int key = 0; key < keys; key += STEP) {
      worker.run(
          new Reorder(Math.min(STEP, keys - key), width / perNumber, from,
              new Matrix(DType.INT32, Order.COLUMNS, STEP)),
          rows.at(key, 0), turned + turnedAt(key));
    }
    return this;
  }

  private long panel(int column) {
    return (long) (keys + STEP - 1) / STEP * STEP * column * rows.type().bytes();
  }

  private long turnedAt(int key) {
    return (long) key * width * rows.type().bytes();
  }

  /** c [m, n] = a [m, headDim] X[key .. key + n)ᵀ. @param key a multiple of {@link #STEP} */
  void timesTransposed(Place a, int m, int key, int n, Place c) {
    Matrix b = turned == 0 ? rows.inColumns() : new Matrix(rows.type(), Order.PANELS, 0);
    worker.run(new Product(m, n, width, a.inRows(), b, c.inRows(), false, false), a.address(),
        turned == 0 ? rows.at(key, 0) : turned + turnedAt(key), c.address());
  }

  /** c [m, headDim] = a [m, n] X[key .. key + n), plus c itself where {@code sum}. @param key as above */
  void times(Place a, int m, int key, int n, Place c, boolean sum) {
    if (straight == 0) {
      worker.run(new Product(m, width, n, a.inRows(), rows.inRows(), c.inRows(), false, sum), a.address(),
          rows.at(key, 0),
          c.address());
      return;
    }
    Matrix b = new Matrix(rows.type(), Order.PANELS, 0);
    for (int column = 0; column < width; column += STEP) {
      worker.run(new Product(m, Math.min(STEP, width - column), n, a.inRows(), b, c.inRows(), false, sum), a.address(),
          straight + panel(column) + (long) key * STEP * rows.type().bytes(), c.at(0, column));
    }
  }
}
