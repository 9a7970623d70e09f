package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.OneDnn.check;
import static org.bytedeco.dnnl.global.dnnl.*;

import dev.kindling.train.tensor.DType;
import org.bytedeco.dnnl.dnnl_exec_arg_t;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_primitive;
import org.bytedeco.dnnl.dnnl_primitive_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.Pointer;

/**
 * A oneDNN primitive with its arguments, pointed at other addresses from call to call (nothing is copied). It belongs to the
 * worker that created it: two threads in one primitive give wrong results.
 */
final class Primitive implements AutoCloseable {
  private final dnnl_primitive primitive = new dnnl_primitive();
  private final dnnl_stream stream;
  private final dnnl_exec_arg_t arguments;
  private final dnnl_memory[] memories;
  private final MutablePointer pointer = new MutablePointer();
  private final long scratchBytes;
  private final long[] pointed;                  // the addresses of the last run
  private boolean closed;

  /** What can be made into a primitive, and is looked up by its shape. */
  sealed interface Shape permits Product, Reorder {
    Primitive create(dnnl_stream stream);
  }

  /** How a matrix lies in memory: row after row, column after column, or as {@link OneDnn#packed} or {@link OneDnn#panels} has it. */
  enum Order {
    ROWS, COLUMNS, PACKED, PANELS
  }

  /** A matrix's type, order, and the elements from row to row (or column to column). */
  record Matrix(DType type, Order order, long stride) {
    dnnl_memory_desc of(int rows, int columns) {
      return switch (order) {
        case ROWS -> OneDnn.rows(type, rows, columns, stride);
        case COLUMNS -> OneDnn.columns(type, rows, columns, stride);
        case PACKED -> OneDnn.packed(type, rows, columns);
        case PANELS -> OneDnn.panels(type, rows, columns);
      };
    }

    private void release(dnnl_memory_desc desc) {
      if (order != Order.PACKED) dnnl_memory_desc_destroy(desc);       // packed ones are shared
    }
  }

  /**
   * c [m, n] = a [m, k] b [k, n], plus float32 bias [n], plus c itself where {@code sum}. Arguments: a, b, c and the bias
   * where there is one.
   */
  record Product(int m, int n, int k, Matrix a, Matrix b, Matrix c, boolean bias, boolean sum) implements Shape {
    @Override
    public Primitive create(dnnl_stream stream) {
      dnnl_memory_desc biasDesc = bias ? OneDnn.rows(DType.FLOAT32, 1, n, n) : null;
      dnnl_memory_desc[] descs = {a.of(m, k), b.of(k, n), c.of(m, n), biasDesc};
      int[] roles = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST, DNNL_ARG_BIAS};
      Primitive made = new Primitive(stream, OneDnn.matmul(descs[0], descs[1], biasDesc, descs[2], sum), roles, descs,
          bias ? 4 : 3);
      a.release(descs[0]);
      b.release(descs[1]);
      c.release(descs[2]);
      if (bias) dnnl_memory_desc_destroy(biasDesc);
      return made;
    }
  }

  /** A matrix [rows, columns] rewritten in another order or type. Arguments: from, to. */
  record Reorder(int rows, int columns, Matrix from, Matrix to) implements Shape {
    @Override
    public Primitive create(dnnl_stream stream) {
      dnnl_memory_desc[] descs = {from.of(rows, columns), to.of(rows, columns)};
      int[] roles = {DNNL_ARG_FROM, DNNL_ARG_TO};
      Primitive made = new Primitive(stream, OneDnn.reorder(descs[0], descs[1]), roles, descs, 2);
      from.release(descs[0]);
      to.release(descs[1]);
      return made;
    }
  }

  private Primitive(dnnl_stream stream, dnnl_primitive_desc desc, int[] roles, dnnl_memory_desc[] descs, int count) {
    this.stream = stream;
    check(dnnl_primitive_create(primitive, desc));
    dnnl_memory_desc scratch = dnnl_primitive_desc_query_md(desc, dnnl_query_scratchpad_md, 0);
    scratchBytes = scratch == null || scratch.isNull() ? 0 : OneDnn.bytes(scratch);
    memories = new dnnl_memory[scratchBytes > 0 ? count + 1 : count];
    pointed = new long[memories.length];
    arguments = new dnnl_exec_arg_t(memories.length);
    for (int i = 0; i < count; i++) argument(i, roles[i], descs[i]);
    if (scratchBytes > 0) argument(count, DNNL_ARG_SCRATCHPAD, scratch);
    dnnl_primitive_desc_destroy(desc);
  }

  private void argument(int i, int role, dnnl_memory_desc desc) {
    memories[i] = new dnnl_memory();
    check(dnnl_memory_create(memories[i], desc, OneDnn.engine(), new Pointer()));      // no address yet
    arguments.getPointer(i).arg(role).memory(memories[i]);
  }

  /** Of the scratchpad that {@link #run} must be given. */
  long scratchBytes() {
    return scratchBytes;
  }

  /** @param addresses of the arguments, in the shape's order */
  void run(long scratchpad, long... addresses) {
    if (scratchBytes > 0) point(memories.length - 1, scratchpad);
    for (int i = 0; i < addresses.length; i++) point(i, addresses[i]);
    check(dnnl_primitive_execute(primitive, stream, memories.length, arguments));
  }

  private void point(int i, long address) {
    if (pointed[i] == address) return;
    check(dnnl_memory_set_data_handle(memories[i], pointer.to(address)));
    pointed[i] = address;
  }

  @Override
  public void close() {
    if (closed) return;
    closed = true;
    dnnl_primitive_destroy(primitive);
    for (dnnl_memory memory : memories) dnnl_memory_destroy(memory);
    arguments.close();
  }

  /** JavaCPP lets only a subclass name an address. */
  private static final class MutablePointer extends Pointer {
    Pointer to(long newAddress) {
      address = newAddress;
      return this;
    }
  }
}
