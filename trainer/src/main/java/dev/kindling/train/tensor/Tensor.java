package dev.kindling.train.tensor;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * A dense, row-major array at an off-heap address. It owns nothing: an {@link Arena} or a {@link Memory} does, and a
 * tensor must not be used after that was reset or closed. Indices and sizes are {@code long}.
 */
public final class Tensor {
  private final DType type;
  private final long address;
  private final long[] shape;
  private final long size;

  private Tensor(DType type, long address, long[] shape) {
    this.type = type;
    this.address = address;
    this.shape = shape;
    this.size = size(shape);
  }

  /** Lays a tensor over memory that something else owns. */
  public static Tensor at(long address, DType type, long... shape) {
    return new Tensor(type, address, shape.clone());
  }

  /** Elements of a shape; the empty shape is a scalar. */
  public static long size(long... shape) {
    long size = 1;
    for (long n : shape) size = Math.multiplyExact(size, n);
    return size;
  }

  public DType type() {
    return type;
  }

  public long address() {
    return address;
  }

  public long[] shape() {
    return shape.clone();
  }

  /** Length along an axis; negative axes count from the last. */
  public long dim(int axis) {
    return shape[axis < 0 ? shape.length + axis : axis];
  }

  /** Elements. */
  public long size() {
    return size;
  }

  public long bytes() {
    return size * type.bytes();
  }

  /** All elements but the last axis, as a count of rows. */
  public long rows() {
    long rows = 1;
    for (int axis = 0; axis < shape.length - 1; axis++) rows *= shape[axis];
    return rows;
  }

  /** The same memory under another shape of the same size. */
  public Tensor reshape(long... shape) {
    if (size(shape) != size) throw new IllegalArgumentException(this + " cannot be seen as " + Arrays.toString(shape));
    return new Tensor(type, address, shape.clone());
  }

  /** A part of the same memory: {@code size(shape)} elements from element {@code from} on. */
  public Tensor slice(long from, long... shape) {
    if (from < 0 || from + size(shape) > size) {
      throw new IndexOutOfBoundsException(this + " has no " + Arrays.toString(shape) + " at " + from);
    }
    return new Tensor(type, address + from * type.bytes(), shape.clone());
  }

  /** @return {@code count} elements from {@code from} on as bytes in the machine's order (at most 2 GB) */
  public ByteBuffer buffer(long from, long count) {
    if (from < 0 || count < 0 || from + count > size) {
      throw new IndexOutOfBoundsException(this + " has no " + count + " elements at " + from);
    }
    return Memory.view(address + from * type.bytes(), Math.toIntExact(count * type.bytes()));
  }

  /** Copies float32 elements in, from element {@code at} on. */
  public void put(long at, float[] from, int offset, int count) {
    floats(at, count).put(from, offset, count);
  }

  /** Copies float32 elements out, from element {@code at} on. */
  public void get(long at, float[] into, int offset, int count) {
    floats(at, count).get(into, offset, count);
  }

  /** All of a float32 tensor on the heap: for tests and small results. */
  public float[] toFloats() {
    float[] all = new float[Math.toIntExact(size)];
    get(0, all, 0, all.length);
    return all;
  }

  private FloatBuffer floats(long at, int count) {
    if (type != DType.FLOAT32) throw new IllegalStateException(this + " is not float32");
    return buffer(at, count).asFloatBuffer();
  }

  @Override
  public String toString() {
    return type + Arrays.toString(shape);
  }
}
