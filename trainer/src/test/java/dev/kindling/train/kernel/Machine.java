package dev.kindling.train.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.tensor.Arena;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.Random;

/** Kernels under test, and tensors of random numbers for them. */
final class Machine implements AutoCloseable {
  final Kernels kernels;
  private final Arena arena = new Arena();
  private final Random random;

  Machine(Kernels kernels, long seed) {
    this.kernels = kernels;
    random = new Random(seed);
  }

  Tensor random(DType type, long... shape) {
    return scaled(1, type, shape);
  }

  /** Normal numbers times {@code size}. */
  Tensor scaled(double size, DType type, long... shape) {
    Tensor tensor = arena.take(type, shape);
    for (long i = 0; i < tensor.size(); i++) set(tensor, i, (float) (random.nextGaussian() * size));
    return tensor;
  }

  /** An output: full of something that must not be taken for a result. */
  Tensor empty(DType type, long... shape) {
    Tensor tensor = arena.take(type, shape);
    for (long i = 0; i < tensor.size(); i++) set(tensor, i, Float.NaN);
    return tensor;
  }

  Tensor ids(int below, int count) {
    return ints(random.ints(count, 0, below).toArray());
  }

  Tensor ints(int... values) {
    Tensor tensor = arena.take(DType.INT32, values.length);
    Raw.copy(values, 0, values.length, tensor.address());
    return tensor;
  }

  PackedWeight pack(Tensor master, boolean transposed, DType type) {
    PackedWeight weight = kernels.weight(master.dim(transposed ? 1 : 0), master.dim(transposed ? 0 : 1), transposed,
        type);
    kernels.pack(master, weight);
    return weight;
  }

  static float get(Tensor tensor, long i) {
    long at = tensor.address() + i * tensor.type().bytes();
    return tensor.type() == DType.FLOAT32 ? Raw.getFloat(at) : Raw.getBfloat16(at);
  }

  static void set(Tensor tensor, long i, float value) {
    long at = tensor.address() + i * tensor.type().bytes();
    if (tensor.type() == DType.FLOAT32) Raw.putFloat(at, value);
    else Raw.putBfloat16(at, value);
  }

  static float[] values(Tensor tensor) {
    float[] values = new float[(int) tensor.size()];
    for (int i = 0; i < values.length; i++) values[i] = get(tensor, i);
    return values;
  }

  /** The largest difference is at most {@code tolerance} of the largest expected value. */
  static void assertClose(String what, Tensor actual, Tensor expected, double tolerance) {
    assertClose(what, values(actual), values(expected), tolerance);
  }

  static void assertClose(String what, float[] actual, float[] expected, double tolerance) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    double largest = 1e-30;
    for (float value : expected) largest = Math.max(largest, Math.abs(value));
    for (int i = 0; i < actual.length; i++) {
      double error = Math.abs((double) actual[i] - expected[i]);
      if (!(error <= tolerance * largest)) {
        throw new AssertionError(what + "[" + i + "] is " + actual[i] + ", expected " + expected[i] + " within "
            + tolerance + " of " + largest);
      }
    }
  }

  static void assertSameBits(String what, Tensor actual, Tensor expected) {
    assertSameBits(what, values(actual), values(expected));
  }

  static void assertSameBits(String what, float[] actual, float[] expected) {
    assertThat(actual).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      if (Float.floatToRawIntBits(actual[i]) == Float.floatToRawIntBits(expected[i])) continue;
      throw new AssertionError(what + "[" + i + "] is " + actual[i] + ", expected " + expected[i] + " to the last bit");
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
