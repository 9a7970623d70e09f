package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.OneDnn.check;
import static org.bytedeco.dnnl.global.dnnl.*;

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
  private Thread thread;
  private Primitive.Shape lastShape;             // most calls are for the shape of the call before
  private Primitive last;

  /** @param most primitives that are kept */
  OneDnnWorker(RowKernels kernels, int most) {
    this.most = most;
    rows = new Rows(kernels);
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
