package dev.kindling.train.kernel;

import dev.kindling.train.kernel.OneDnnProducts.Place;
import dev.kindling.train.kernel.Primitive.Matrix;
import dev.kindling.train.kernel.Primitive.Order;
import dev.kindling.train.kernel.Primitive.Product;
import dev.kindling.train.kernel.Primitive.Reorder;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import java.util.Arrays;

/**
 * The tile lies in {@link OneDnn#panels} of 64 keys, as what is multiplied from the right, in bf16 two queries interleaved. The sum is
 * then the transpose of what is wanted, and is turned once at the end, where every product with a tile in rows would turn the tile.
 */
final class KeyGradientInPanels implements KeyGradient {
  private static final int WIDTH = OneDnn.PANEL;
  private static final int SPREAD = 2;                     // row of the worker
  private final OneDnnWorker worker;
  private final DType type;
  private final int size;
  private final int keyTime;
  private final int pairs;
  private final Place rows;                      // null: nobody reads it in rows
  private final Place sum;                       // [headDim, keyTime]
  private final long tile;
  private int m;
  private int n;
  private int padded;                            // rows of a panel

  KeyGradientInPanels(OneDnnWorker worker, AttentionInputs in, Scratch.Slot tile, Scratch.Slot sum, int pairs,
      Place rows) {
    this.worker = worker;
    this.pairs = pairs;
    this.rows = rows;
    type = in.type();
    size = in.headDim();
    keyTime = in.keyTime();
    this.tile = worker.scratch(tile, tileBytes(type, keyTime));
    long bytes = sumBytes(keyTime, size);
    this.sum = new Place(worker.scratch(sum, bytes), DType.FLOAT32, Blocks.stride(keyTime, Float.BYTES));
    Raw.zero(this.sum.address(), bytes);
  }

  static long tileBytes(DType type, int keyTime) {
    return (long) AttentionTile.QUERIES * wholePanels(Math.min(OneDnnAttention.KEYS, keyTime)) * type.bytes();
  }

  static long sumBytes(int keyTime, int size) {
    return 4L * size * Blocks.stride(keyTime, Float.BYTES);
  }

  private static int wholePanels(int columns) {
    return (columns + WIDTH - 1) / WIDTH * WIDTH;
  }

  @Override
  public void begin(int m, int n) {
    this.m = m;
    this.n = n;
    int step = type == DType.BFLOAT16 ? OneDnn.PAIRED_STEP : OneDnn.STEP;
    padded = (m + step - 1) / step * step;
    if (m < padded) Raw.zero(tile, (long) padded * wholePanels(n) * type.bytes());
  }

  @Override
  public void put(float[] row, int r, int from, int to) {
    if (rows != null) OneDnnAttention.writeRow(worker.rows(), row, rows, r, from, to, n);
    if (type == DType.BFLOAT16) putHalves(row, r, from, to);
    else putFloats(row, r, from, to);
  }

  private void putHalves(float[] row, int r, int from, int to) {
    int columns = wholePanels(n);
    int[] both = worker.rows().pairs(pairs, columns);
    RowKernels kernels = worker.rows().kernels();
    if (r % 2 == 0) {
      Arrays.fill(both, 0, columns, 0);
      if (from < to) kernels.narrowLower(row, both, from, to - from);
    } else if (from < to) { kernels.narrowUpper(row, both, from, to - from); }
    if (r % 2 == 0 && r < m - 1) return;         // its neighbour follows
    long at = tile + (long) r / 2 * WIDTH * Integer.BYTES;
    for (int column = 0; column < columns; column += WIDTH) {
      Raw.copy(both, column, WIDTH, at + (long) column * padded * type.bytes());
    }
  }

  private void putFloats(float[] row, int r, int from, int to) {
    int columns = wholePanels(n);
    float[] spread = worker.rows().zeros(SPREAD, columns);
    if (from < to) System.arraycopy(row, 0, spread, from, to - from);
    long at = tile + (long) r * WIDTH * Float.BYTES;
    for (int column = 0; column < columns; column += WIDTH) {
      Raw.copy(spread, column, WIDTH, at + (long) column * padded * type.bytes());
    }
  }

  @Override
  public void add(Place b, int key) {
    worker.run(new Product(size, n, m, b.inColumns(), new Matrix(type, Order.PANELS, 0), sum.inRows(), false, true),
        b.address(), tile, sum.at(0, key));
  }

  @Override
  public void write(Place to) {
    Place turned = new Place(worker.scratch(Scratch.Slot.TURNED_GRADIENTS, 4L * keyTime * size), DType.FLOAT32, size);
    worker.run(new Reorder(keyTime, size, sum.inColumns(), turned.inRows()), sum.address(), turned.address());
    worker.run(new Reorder(keyTime, size, turned.inRows(), to.inRows()), turned.address(), to.address());
  }
}
