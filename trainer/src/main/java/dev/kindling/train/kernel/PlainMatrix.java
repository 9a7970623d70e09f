package dev.kindling.train.kernel;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/**
 * Any strided matrix in memory, read and written as float: how plain Java sees operands, transposed or not.
 *
 * @param rounded whether what is read is rounded to bf16 on the way
 */
record PlainMatrix(long address, DType type, long rows, long columns, long rowStride, long columnStride,
    boolean rounded) {

  /** The last axis are the columns, all others the rows. */
  static PlainMatrix of(Tensor t) {
    return new PlainMatrix(t.address(), t.type(), t.rows(), t.dim(-1), t.dim(-1), 1, false);
  }

  /** All elements in one row. */
  static PlainMatrix flat(Tensor t) {
    return of(t.reshape(1, t.size()));
  }

  static PlainMatrix of(Columns columns) {
    return new PlainMatrix(columns.address(0, 0), columns.type(), columns.rows(), columns.count(),
        columns.matrix().dim(-1), 1, false);
  }

  PlainMatrix transposed() {
    return new PlainMatrix(address, type, columns, rows, columnStride, rowStride, rounded);
  }

  PlainMatrix transposed(boolean really) {
    return really ? transposed() : this;
  }

  PlainMatrix rounded(boolean toBfloat16) {
    return new PlainMatrix(address, type, rows, columns, rowStride, columnStride, toBfloat16);
  }

  /** Rows [from, from + count). */
  PlainMatrix rows(long from, long count) {
    long start = address + from * rowStride * type.bytes();
    return new PlainMatrix(start, type, count, columns, rowStride, columnStride, rounded);
  }

  float get(long row, long column) {
    long at = address + (row * rowStride + column * columnStride) * type.bytes();
    float value = type == DType.FLOAT32 ? Raw.getFloat(at) : Raw.getBfloat16(at);
    return rounded ? Raw.toFloat(Raw.toBfloat16(value)) : value;
  }

  void put(long row, long column, float value) {
    long at = address + (row * rowStride + column * columnStride) * type.bytes();
    if (type == DType.FLOAT32) Raw.putFloat(at, value);
    else Raw.putBfloat16(at, value);
  }

  /** Copies a piece of the matrix to {@code into}, rows {@code stride} apart. */
  void read(long row, int rowCount, long column, int columnCount, float[] into, int stride) {
    for (int r = 0; r < rowCount; r++) {
      for (int c = 0; c < columnCount; c++) into[r * stride + c] = get(row + r, column + c);
    }
  }
}
