package dev.kindling.train.kernel;

import dev.kindling.train.kernel.OneDnnWeight.Panels;
import dev.kindling.train.kernel.Primitive.Matrix;
import dev.kindling.train.kernel.Primitive.Order;
import dev.kindling.train.kernel.Primitive.Product;
import dev.kindling.train.kernel.Primitive.Reorder;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/**
 * Matrix products in blocks of {@link Blocks#ROWS} rows by {@link Blocks#panel} columns, each by a primitive that one thread
 * runs: the same bits for any number of threads, and as fast as one call with OpenMP's threads.
 */
final class OneDnnProducts {
  static final int MOST_TRANSPOSED = 4096;       // columns and rows of x that are held transposed at once
  static final int PAIRED_ROWS = 512;            // that are transposed at once: they fit the second-level cache
  static final long PAIRED_BYTES = 2L * PAIRED_ROWS * OneDnn.PANEL;
  static final int MOST_STAGED = 16 << 20;       // elements of a weight that is copied before it is packed
  private final WorkerPool pool;
  private final OneDnnWorker[] workers;
  private final Scratch scratch;

  OneDnnProducts(WorkerPool pool, OneDnnWorker[] workers, Scratch scratch) {
    this.pool = pool;
    this.workers = workers;
    this.scratch = scratch;
  }

  /** A matrix in memory: its first element, and elements from row to row. */
  record Place(long address, DType type, long stride) {
    static Place of(Tensor matrix) {
      return new Place(matrix.address(), matrix.type(), matrix.dim(-1));
    }

    long at(long row, long column) {
      return address + (row * stride + column) * type.bytes();
    }

    /** The same matrix from a row on. */
    Place row(long row) {
      return new Place(at(row, 0), type, stride);
    }

    Matrix inRows() {
      return new Matrix(type, Order.ROWS, stride);
    }

    Matrix inColumns() {
      return new Matrix(type, Order.COLUMNS, stride);
    }
  }

  /** Packs a matrix [rows, columns], or its transpose that lies as [columns, rows], into panels. */
  void pack(Place from, boolean transposed, Panels to) {
    pool.run(to.count(), (panel, k) -> packPanel(workers[k].here(), from, transposed, to, panel));
  }

  /** Packs one panel of the same. */
  static void packPanel(OneDnnWorker worker, Place from, boolean transposed, Panels to, int panel) {
    long column = (long) panel * to.width();
    if (transposed && turns(from, to, panel)) {
      turn(worker, from, column, to, panel);
      return;
    }
    Matrix packed = new Matrix(to.type(), Order.PACKED, 0);
    worker.run(new Reorder(to.rows(), to.width(panel), transposed ? from.inColumns() : from.inRows(), packed),
        transposed ? from.at(column, 0) : from.at(0, column), to.address(panel));
  }

  /** Whether a panel is what comes of turning 64 columns at a time, two halves of a column as one number. */
  private static boolean turns(Place from, Panels to, int panel) {
    return from.type() == to.type() && from.stride() % 2 == 0 && to.width(panel) % OneDnn.PANEL == 0
        && to.rows() % OneDnn.PAIRED_STEP == 0 && OneDnn.packsPanels(to.type(), to.rows(), to.width(panel));
  }

  private static void turn(OneDnnWorker worker, Place from, long column, Panels to, int panel) {
    int perNumber = Float.BYTES / to.type().bytes();
    Matrix numbers = new Matrix(DType.INT32, Order.ROWS, from.stride() / perNumber);
    Matrix turned = new Matrix(DType.INT32, Order.COLUMNS, OneDnn.PANEL);
    for (int i = 0; i < to.width(panel); i += OneDnn.PANEL) {
      worker.run(new Reorder(OneDnn.PANEL, to.rows() / perNumber, numbers, turned), from.at(column + i, 0),
          to.address(panel) + (long) i * to.rows() * to.type().bytes());
    }
  }

  /** Both forms of a weight from its master. */
  void pack(Tensor master, OneDnnWeight weight) {
    weight.hold(Place.of(master));
    boolean transposed = weight.storedTransposed();
    packStaged(weight.master(), transposed, weight.forward());
    for (int part = 0; part < weight.parts(); part++) {
      packStaged(from(weight.master(), !transposed, weight.from(part)), !transposed, weight.backward(part));
    }
  }

  /**
   * Packs a float32 matrix that is first copied, in the panels' type and with rows whose columns do not fall on a few sets of the
   * cache: packing, which jumps about in what it reads, takes a third of the time then.
   */
  private void packStaged(Place from, boolean transposed, Panels to) {
    int rows = transposed ? to.columns() : to.rows();
    int columns = transposed ? to.rows() : to.columns();
    int stride = Blocks.stride(columns, to.type().bytes());
    boolean asIs = to.type() == from.type() && !Blocks.conflicts(from.stride(), from.type().bytes());
    if (asIs || (long) rows * stride > MOST_STAGED) {
      pack(from, transposed, to);
      return;
    }
    Place staged = new Place(scratch.at(Scratch.Slot.LEFT, (long) rows * stride * to.type().bytes()), to.type(),
        stride);
    pool.run(Blocks.count(rows, Blocks.FEW_ROWS), (block, k) -> {
      int row = block * Blocks.FEW_ROWS;
      workers[k].here().run(
          new Reorder(Blocks.size(rows, Blocks.FEW_ROWS, block), columns, from.inRows(), staged.inRows()),
          from.at(row, 0), staged.at(row, 0));
    });
    pack(staged, transposed, to);
  }

  /** A matrix that may lie transposed, from a row on. */
  private static Place from(Place matrix, boolean transposed, int row) {
    return new Place(transposed ? matrix.at(0, row) : matrix.at(row, 0), matrix.type(), matrix.stride());
  }

  /** The panels where they are held; else they are packed into scratch memory until the next ones are asked for. */
  private Panels ready(OneDnnWeight weight, boolean transposed, int row, Panels panels) {
    if (weight.isHeld()) return panels;
    Panels here = panels.at(scratch.at(Scratch.Slot.WEIGHT, panels.bytes()));
    packStaged(from(weight.master(), transposed, row), transposed, here);
    return here;
  }

  /** y [rows, out] = x [rows, in] W + bias (0: none). */
  void forward(Place x, long rows, OneDnnWeight weight, long bias, Place y) {
    multiply(x, rows, ready(weight, weight.storedTransposed(), 0, weight.forward()), bias, y, false);
  }

  /** dx [rows, in] = dy [rows, out] Wᵀ. @param dx float32 where the weight has several parts */
  void backward(Place dy, long rows, OneDnnWeight weight, Place dx) {
    for (int part = 0; part < weight.parts(); part++) {
      int from = weight.from(part);
      Panels panels = ready(weight, !weight.storedTransposed(), from, weight.backward(part));
      multiply(new Place(dy.at(0, from), dy.type(), dy.stride()), rows, panels, 0, dx, part > 0);
    }
  }

  /** y [rows, columns] = x [rows, ..] panels + bias (0: none), plus y itself where {@code sum}. */
  private void multiply(Place x, long rows, Panels panels, long bias, Place y, boolean sum) {
    int rowBlocks = Blocks.count(rows, Blocks.ROWS);
    pool.run(rowBlocks * panels.count(), (i, k) -> {
      int panel = i / rowBlocks;                 // neighbours in time share a panel: it stays in the second-level cache
      int block = i % rowBlocks;
      long column = (long) panel * panels.width();
      long row = (long) block * Blocks.ROWS;
      multiplyBlock(workers[k].here(), x, row, Blocks.size(rows, Blocks.ROWS, block), panels, panel,
          bias == 0 ? 0 : bias + 4 * column, y.inRows(), y.at(row, column), sum);
    });
  }

  /** Rows row.. of x times one panel, to an address; added to what is there where {@code sum}. */
  static void multiplyBlock(OneDnnWorker worker, Place x, long row, int rows, Panels panels, int panel, long bias,
      Matrix y, long to, boolean sum) {
    Product product = new Product(rows, panels.width(panel), panels.rows(), x.inRows(),
        new Matrix(panels.type(), Order.PACKED, 0), y, bias != 0, sum);
    if (bias == 0) worker.run(product, x.at(row, 0), panels.address(panel), to);
    else worker.run(product, x.at(row, 0), panels.address(panel), to, bias);
  }

  /**
   * dW [in, out] += xᵀ dy over {@code rows} rows, or = where it has not {@code begun}. dy is packed first, a piece at a time: inside
   * the product it is done again for every block of dW. So is x transposed where that is worth its time.
   */
  void addGradient(Place x, int in, Place dy, int out, long rows, Place dW, boolean begun) {
    for (int i = 0; rows == 0 && !begun && i < in; i++) Raw.zero(dW.at(i, 0), (long) Float.BYTES * out);
    for (long row = 0; row < rows; row += MOST_TRANSPOSED) {
      int n = (int) Math.min(MOST_TRANSPOSED, rows - row);
      Panels right = Panels.ofGradient(0, dy.type(), n, out, in);
      right = right.at(scratch.at(Scratch.Slot.RIGHT, right.bytes()));
      pack(new Place(dy.at(row, 0), dy.type(), dy.stride()), false, right);
      for (int from = 0; from < in; from += MOST_TRANSPOSED) {
        int m = Math.min(MOST_TRANSPOSED, in - from);
        Place left = new Place(x.at(row, from), x.type(), x.stride());
        boolean first = transposesFirst(x.type(), x.stride());
        multiply(first ? transpose(left, n, m) : left, !first, m, right, dW.row(from),
            begun || row > 0);
      }
    }
  }

  /**
   * Whether x is transposed before a weight's gradient: inside the product it costs more than half the speed on processors with AMX, or
   * where columns fall on a few sets of the cache, and a twentieth elsewhere.
   */
  static boolean transposesFirst(DType type, long stride) {
    return OneDnn.hasTiles() || Blocks.conflicts(stride, type.bytes());
  }

  /** The transpose [columns, rows] of x [rows, columns], in scratch memory. */
  private Place transpose(Place x, int rows, int columns) {
    int stride = Blocks.stride(rows, x.type().bytes());
    Place to = new Place(scratch.at(Scratch.Slot.TRANSPOSED, (long) columns * stride * x.type().bytes()), x.type(),
        stride);
    boolean inPairs = inPairs(x.type(), rows, columns);
    int height = inPairs ? PAIRED_ROWS : Blocks.ROWS;
    int width = inPairs ? OneDnn.PANEL : Blocks.panel(columns);
    int rowBlocks = Blocks.count(rows, height);
    pool.run(rowBlocks * Blocks.count(columns, width), (i, k) -> {
      int row = i % rowBlocks * height;
      int column = i / rowBlocks * width;
      int n = Math.min(height, rows - row);
      if (inPairs) {
        transposePairs(workers[k].here(), x, to, row, column, n);
      } else {
        workers[k].here().run(
            new Reorder(n, Math.min(width, columns - column), x.inRows(), to.inColumns()),
            x.at(row, column), to.at(column, row));
      }
    });
    return to;
  }

  /** Whether two rows at a time are transposed, as if their neighbours were one number. */
  static boolean inPairs(DType type, int rows, int columns) {
    return type == DType.BFLOAT16 && OneDnn.hasBfloat16() && rows % OneDnn.PAIRED_STEP == 0
        && columns % OneDnn.PANEL == 0;
  }

  /** oneDNN interleaves halves and transposes whole numbers with vectors, but transposes halves one by one. */
  private static void transposePairs(OneDnnWorker worker, Place x, Place to, int row, int column, int rows) {
    int columns = OneDnn.PANEL;
    long pairs = worker.scratch(Scratch.Slot.PAIRS, PAIRED_BYTES);
    worker.run(new Reorder(rows, columns, x.inRows(), new Matrix(x.type(), Order.PANELS, 0)), x.at(row, column), pairs);
    Matrix from = new Matrix(DType.INT32, Order.ROWS, columns);
    Matrix turned = new Matrix(DType.INT32, Order.COLUMNS, to.stride() / 2);
    worker.run(new Reorder(rows / 2, columns, from, turned), pairs, to.at(column, row));
  }

  /**
   * c [m, columns] = a [m, rows] b, where b is [rows, columns], plus c itself where {@code sum}.
   *
   * @param turned whether a lies transposed
   */
  private void multiply(Place a, boolean turned, int m, Panels b, Place c, boolean sum) {
    int rowBlocks = Blocks.count(m, Blocks.ROWS);
    Matrix left = turned ? a.inColumns() : a.inRows();
    Matrix packed = new Matrix(b.type(), Order.PACKED, 0);
    pool.run(rowBlocks * b.count(), (i, worker) -> {
      // neighbours in time share what costs more to fetch: rows of a that are turned for each panel, else the panel
      int block = turned ? i / b.count() : i % rowBlocks;
      int panel = turned ? i % b.count() : i / rowBlocks;
      int row = block * Blocks.ROWS;
      Product product = new Product(Blocks.size(m, Blocks.ROWS, block), b.width(panel), b.rows(), left, packed,
          c.inRows(), false, sum);
      workers[worker].here().run(product, turned ? a.at(0, row) : a.at(row, 0), b.address(panel),
          c.at(row, (long) panel * b.width()));
    });
  }

  /** c = alpha op(a) op(b) + beta c over float32 matrices; the inputs rounded to bf16 where asked. */
  void matmul(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor c, float alpha, float beta,
      boolean bfloat16) {
    DType type = bfloat16 ? DType.BFLOAT16 : DType.FLOAT32;
    int m = Math.toIntExact(c.dim(-2));
    int n = Math.toIntExact(c.dim(-1));
    int k = Math.toIntExact(a.dim(transposeA ? -2 : -1));
    Panels right = new Panels(scratch.at(Scratch.Slot.PACKED, Panels.bytes(type, k, n)), type, k, n);
    pack(Place.of(b), transposeB, right);
    Place left = left(Place.of(a), transposeA, m, k, type);
    int rowBlocks = Blocks.count(m, Blocks.ROWS);
    Place to = Place.of(c);
    pool.run(rowBlocks * right.count(), (i, worker) -> {
      OneDnnWorker w = workers[worker].here();
      int panel = i / rowBlocks;
      int block = i % rowBlocks;
      int row = block * Blocks.ROWS;
      int rows = Blocks.size(m, Blocks.ROWS, block);
      Place product = new Place(w.scratch(Scratch.Slot.PRODUCT, 4L * Blocks.ROWS * right.width()), DType.FLOAT32,
          right.width());
      multiplyBlock(w, left, row, rows, right, panel, 0, product.inRows(), product.address(),
          false);
      for (int r = 0; r < rows; r++) {
        combine(w.rows(), product.at(r, 0), right.width(panel), alpha, beta,
            to.at(row + r, (long) panel * right.width()));
      }
    });
  }

  /** op(a) [m, k] in rows and in the wanted type. */
  private Place left(Place a, boolean transposed, int m, int k, DType type) {
    if (!transposed && type == DType.FLOAT32) return a;
    Place to = new Place(scratch.at(Scratch.Slot.LEFT, (long) m * k * type.bytes()), type, k);
    pool.run(Blocks.count(m, Blocks.ROWS), (block, worker) -> {
      int row = block * Blocks.ROWS;
      workers[worker].here().run(
          new Reorder(Blocks.size(m, Blocks.ROWS, block), k, transposed ? a.inColumns() : a.inRows(), to.inRows()),
          transposed ? a.at(0, row) : a.at(row, 0), to.at(row, 0));
    });
    return to;
  }

  private static void combine(Rows rows, long from, int n, float alpha, float beta, long to) {
    float[] product = rows.read(0, DType.FLOAT32, from, n);
    rows.kernels().scale(product, alpha, n);
    if (beta != 0) rows.kernels().addScaled(rows.read(1, DType.FLOAT32, to, n), beta, product, n);
    rows.write(product, n, DType.FLOAT32, to);
  }
}
