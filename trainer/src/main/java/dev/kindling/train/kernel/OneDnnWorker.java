package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.OneDnn.check;
import static org.bytedeco.dnnl.global.dnnl.*;

import dev.kindling.train.kernel.Primitive.Matrix;
import dev.kindling.train.kernel.Primitive.Order;
import dev.kindling.train.kernel.Primitive.Product;
import dev.kindling.train.kernel.Primitive.Reorder;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.dnnl.dnnl_stream;

/** What one thread owns: its primitives by shape (the least recently used go first), scratch memory, rows. */
final class OneDnnWorker implements AutoCloseable {
  private final dnnl_stream stream = new dnnl_stream();
  private final Map<Primitive.Shape, Primitive> primitives = new LinkedHashMap<>(64, 0.75f, true);
  private final Scratch scratch = new Scratch();
  private final Rows rows;
  private final int most;
  private final boolean tiles;
  private final Widening widening;               // null: oneDNN takes bf16 here
  private Thread thread;
  private Primitive.Shape lastShape;             // most calls are for the shape of the call before
  private Primitive last;

  /** @param most primitives that are kept */
  OneDnnWorker(RowKernels kernels, int most) {
    this(kernels, most, OneDnn.hasTiles());
  }

  /** @param tiles whether products are to be run as on a processor with {@link OneDnn#hasTiles} */
  OneDnnWorker(RowKernels kernels, int most, boolean tiles) {
    this.most = most;
    this.tiles = tiles;
    rows = new Rows(kernels);
    widening = OneDnn.hasBfloat16() ? null : new Widening(this, kernels);
    check(dnnl_stream_create(stream, OneDnn.engine(), dnnl_stream_default_flags));
  }

  /** To be called before a block's first primitive: the caller of the kernels may be another thread than last time. */
  OneDnnWorker here() {
    if (thread != Thread.currentThread()) {
      OneDnn.useOneThread();
      thread = Thread.currentThread();
    }
    return this;
  }

  Rows rows() {
    return rows;
  }

  /** Memory of this worker, as {@link Scratch#at}. */
  long scratch(Scratch.Slot slot, long bytes) {
    return scratch.at(slot, bytes);
  }

  /** Runs the primitive of a shape on addresses, and makes it where there is none yet. */
  void run(Primitive.Shape shape, long... addresses) {
    if (tiles && shape instanceof Product product && product.a().order() == Order.ROWS
        && readsBeyond(product.a().type(), product.k()))
      runOnCopy(product, addresses);
    else
      runAsIs(shape, addresses);
  }

  private void runAsIs(Primitive.Shape shape, long... addresses) {
    if (widening != null && Widening.concerns(shape)) widening.run(shape, addresses);
    else runOn(shape, addresses);
  }

  /**
   * Whether a processor with AMX would read rows of so many elements past their end: oneDNN takes whole tiles of them where b is
   * filled up with zeros, and the product is no number where what stands there is none. (Mended after its 3.13: "fix extendable_k
   * with padded src leading dimension" and what followed.) Pairs that fit into one tile are read as they are.
   */
  static boolean readsBeyond(DType type, long k) {
    return type == DType.BFLOAT16 && k % OneDnn.PAIRED_STEP != 0 && (k > OneDnn.PAIRED_STEP || k % 2 != 0);
  }

  /** Bytes of the copy of a that such a product reads. */
  static long copyBytes(long m, long k) {
    return m * wholeTiles(k) * DType.BFLOAT16.bytes();
  }

  private static long wholeTiles(long k) {
    return (k + OneDnn.PAIRED_STEP - 1) / OneDnn.PAIRED_STEP * OneDnn.PAIRED_STEP;
  }

  /** With rows of a that are filled up with zeros. */
  private void runOnCopy(Product product, long... addresses) {
    DType type = product.a().type();
    int m = product.m();
    int k = product.k();
    Matrix whole = new Matrix(type, Order.ROWS, wholeTiles(k));
    long copy = scratch.at(Scratch.Slot.WHOLE_TILES, copyBytes(m, k));
    runAsIs(new Reorder(m, k, product.a(), whole), addresses[0], copy);
    for (int row = 0; row < m; row++)
      Raw.zero(copy + (row * whole.stride() + k) * type.bytes(), (whole.stride() - k) * type.bytes());
    long[] on = addresses.clone();
    on[0] = copy;
    runAsIs(new Product(m, product.n(), k, whole, product.b(), product.c(), product.bias(), product.sum()), on);
  }

  private void runOn(Primitive.Shape shape, long... addresses) {
    if (!shape.equals(lastShape)) {
      last = primitives.computeIfAbsent(shape, s -> s.create(stream));
      lastShape = shape;
      if (primitives.size() > most) { primitives.remove(primitives.keySet().iterator().next()).close(); }
    }
    last.run(scratch.at(Scratch.Slot.PRIMITIVE, last.scratchBytes()), addresses);
  }

  /** Off-heap memory beside what the primitives hold. */
  long scratchBytes() {
    return scratch.bytes();
  }

  /** Of it, what a slot takes. */
  long scratchBytes(Scratch.Slot slot) {
    return scratch.bytes(slot);
  }

  /** How many primitives there are. */
  int primitives() {
    return primitives.size();
  }

  @Override
  public void close() {
    primitives.values().forEach(Primitive::close);
    primitives.clear();
    scratch.close();
    dnnl_stream_destroy(stream);
  }
}
