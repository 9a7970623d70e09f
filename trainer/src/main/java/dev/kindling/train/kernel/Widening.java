package dev.kindling.train.kernel;

import dev.kindling.train.kernel.Primitive.Matrix;
import dev.kindling.train.kernel.Primitive.Order;
import dev.kindling.train.kernel.Primitive.Product;
import dev.kindling.train.kernel.Primitive.Reorder;
import dev.kindling.train.kernel.Scratch.Slot;
import dev.kindling.train.tensor.DType;

/**
 * Products and reorders of bf16 on processors for which oneDNN has none ({@link OneDnn#hasBfloat16}): on float32 copies, which
 * hold the same numbers, with results rounded at the end. It is what such a product is defined as, so that a run in bf16 goes on
 * there. A matrix of bf16 that is {@link Order#PACKED} lies as rounded float32.
 */
final class Widening {
  private static final DType F = DType.FLOAT32;
  private final OneDnnWorker worker;
  private final Rows rows;

  Widening(OneDnnWorker worker, RowKernels kernels) {
    this.worker = worker;
    rows = new Rows(kernels);
  }

  /** Where a matrix lies, as lines one after another: its rows, or its columns. */
  private record Lines(Matrix matrix, long address, int count, int length) {
    static Lines of(Matrix matrix, int rows, int columns, long address) {
      if (matrix.order() != Order.ROWS && matrix.order() != Order.COLUMNS)
        throw new IllegalArgumentException(matrix + " has no lines");
      boolean inRows = matrix.order() == Order.ROWS;
      return new Lines(matrix, address, inRows ? rows : columns, inRows ? columns : rows);
    }

    long at(int line) {
      return address + line * matrix.stride() * matrix.type().bytes();
    }

    long bytes() {
      return Widening.bytes(count, length);
    }

    /** The same numbers to be, as float32 close together. */
    Lines copyAt(long address) {
      return new Lines(new Matrix(F, matrix.order(), stride(length)), address, count, length);
    }
  }

  /** What a copy takes. */
  static long bytes(long lines, long length) {
    return lines * stride(length) * F.bytes();
  }

  private static long stride(long length) {
    return Blocks.stride(length, F.bytes());
  }

  static boolean concerns(Primitive.Shape shape) {
    if (shape instanceof Product p) return narrow(p.a()) || narrow(p.b()) || narrow(p.c());
    Reorder r = (Reorder) shape;
    return narrow(r.from()) || narrow(r.to());
  }

  private static boolean narrow(Matrix matrix) {
    return matrix.type() == DType.BFLOAT16;
  }

  void run(Primitive.Shape shape, long... at) {
    if (shape instanceof Product product) multiply(product, at);
    else rewrite((Reorder) shape, at[0], at[1]);
  }

  private void multiply(Product p, long[] at) {
    Lines a = widened(p.a(), p.m(), p.k(), at[0], Slot.WIDENED_LEFT);
    Lines b = widened(p.b(), p.k(), p.n(), at[1], Slot.WIDENED_RIGHT);
    Lines to = Lines.of(p.c(), p.m(), p.n(), at[2]);
    boolean rounded = narrow(p.c());
    Lines c = rounded ? to.copyAt(worker.scratch(Slot.WIDENED_RESULT, to.bytes())) : to;
    if (rounded && p.sum()) copy(to, c);
    long[] on = at.clone();
    on[0] = a.address;
    on[1] = b.address;
    on[2] = c.address;
    worker.run(new Product(p.m(), p.n(), p.k(), a.matrix, b.matrix, c.matrix, p.bias(), p.sum()), on);
    if (rounded) copy(c, to);
  }

  /** A matrix as float32: itself, or its copy in scratch memory. */
  private Lines widened(Matrix matrix, int rows, int columns, long address, Slot slot) {
    if (!narrow(matrix) || matrix.order() == Order.PACKED)
      return new Lines(new Matrix(F, matrix.order(), matrix.stride()), address, 0, 0);
    Lines from = Lines.of(matrix, rows, columns, address);
    Lines to = from.copyAt(worker.scratch(slot, from.bytes()));
    copy(from, to);
    return to;
  }

  private void rewrite(Reorder r, long from, long to) {
    Lines source = Lines.of(r.from(), r.rows(), r.columns(), from);
    boolean packs = r.to().order() == Order.PACKED;
    if (r.from().order() == r.to().order()) {
      copy(source, Lines.of(r.to(), r.rows(), r.columns(), to));
      return;
    }
    if (narrow(r.from()) || packs) {
      Lines copy = source.copyAt(worker.scratch(Slot.WIDENED_LEFT, source.bytes()));
      copyRounded(source, copy);
      source = copy;
    }
    if (packs || !narrow(r.to())) {
      worker.run(new Reorder(r.rows(), r.columns(), source.matrix, new Matrix(F, r.to().order(), r.to().stride())),
          source.address, to);
      return;
    }
    Lines target = Lines.of(r.to(), r.rows(), r.columns(), to);
    Lines wide = target.copyAt(worker.scratch(Slot.WIDENED_RESULT, target.bytes()));
    worker.run(new Reorder(r.rows(), r.columns(), source.matrix, wide.matrix), source.address, wide.address);
    copy(wide, target);
  }

  private void copy(Lines from, Lines to) {
    for (int i = 0; i < from.count; i++)
      rows.write(rows.read(0, from.matrix.type(), from.at(i), from.length), from.length, to.matrix.type(), to.at(i));
  }

  /** Float32 that bf16 holds too. */
  private void copyRounded(Lines from, Lines to) {
    for (int i = 0; i < from.count; i++) {
      float[] line = rows.read(0, from.matrix.type(), from.at(i), from.length);
      rows.round(line, from.length);
      rows.write(line, from.length, F, to.at(i));
    }
  }
}
