package dev.kindling.train.tensor;

import java.lang.reflect.Field;
import sun.misc.Unsafe;

/**
 * Single elements at off-heap addresses, for the loops of kernels. This is the only class that touches
 * {@code sun.misc.Unsafe}: it is what works unchanged on JDK 17 to 25 (memory segments are final since 22 only), takes
 * {@code long} addresses (a {@code ByteBuffer} ends at 2 GB) and compiles to plain loads and stores. Newer JDKs want
 * {@code --sun-misc-unsafe-memory-access=allow}, which the launcher sets. Nothing is checked: a wrong address ends the
 * JVM.
 */
public final class Raw {
  private static final Unsafe UNSAFE = unsafe();
  private static final long FLOATS = Unsafe.ARRAY_FLOAT_BASE_OFFSET;
  private static final long INTS = Unsafe.ARRAY_INT_BASE_OFFSET;
  private static final long SHORTS = Unsafe.ARRAY_SHORT_BASE_OFFSET;

  private Raw() {
  }

  private static Unsafe unsafe() {
    try {
      Field field = Unsafe.class.getDeclaredField("theUnsafe");
      field.setAccessible(true);
      return (Unsafe) field.get(null);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  public static float getFloat(long address) {
    return UNSAFE.getFloat(address);
  }

  public static void putFloat(long address, float value) {
    UNSAFE.putFloat(address, value);
  }

  public static double getDouble(long address) {
    return UNSAFE.getDouble(address);
  }

  public static void putDouble(long address, double value) {
    UNSAFE.putDouble(address, value);
  }

  public static void putInt(long address, int value) {
    UNSAFE.putInt(address, value);
  }

  public static int getInt(long address) {
    return UNSAFE.getInt(address);
  }

  /** Reads a bf16: the upper half of a float32. */
  public static float getBfloat16(long address) {
    return toFloat(UNSAFE.getShort(address));
  }

  /** Writes a bf16, rounded as {@link #toBfloat16} does. */
  public static void putBfloat16(long address, float value) {
    UNSAFE.putShort(address, toBfloat16(value));
  }

  /** The float32 that a bf16's bits are. */
  public static float toFloat(short bfloat16) {
    return Float.intBitsToFloat(bfloat16 << 16);
  }

  /** The bits of the nearest bf16, ties to even; what is no number stays none. */
  public static short toBfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) return (short) (bits >>> 16 | 0x40);    // rounding could carry into infinity: keep it quiet
    return (short) (bits + 0x7fff + (bits >>> 16 & 1) >>> 16);
  }

  /** Copies memory; the two must not overlap. */
  public static void copy(long from, long to, long bytes) {
    UNSAFE.copyMemory(from, to, bytes);
  }

  /** Sets every byte to zero. */
  public static void zero(long address, long bytes) {
    UNSAFE.setMemory(address, bytes, (byte) 0);
  }

  /** Copies floats from memory to an array. */
  public static void copy(long from, float[] to, int offset, int count) {
    UNSAFE.copyMemory(null, from, to, FLOATS + 4L * offset, 4L * count);
  }

  /** Copies floats from an array to memory. */
  public static void copy(float[] from, int offset, int count, long to) {
    UNSAFE.copyMemory(from, FLOATS + 4L * offset, null, to, 4L * count);
  }

  /** Copies ints from an array to memory. */
  public static void copy(int[] from, int offset, int count, long to) {
    UNSAFE.copyMemory(from, INTS + 4L * offset, null, to, 4L * count);
  }

  /** Copies two-byte elements from memory to an array. */
  public static void copy(long from, short[] to, int offset, int count) {
    UNSAFE.copyMemory(null, from, to, SHORTS + 2L * offset, 2L * count);
  }

  /** Copies two-byte elements from an array to memory. */
  public static void copy(short[] from, int offset, int count, long to) {
    UNSAFE.copyMemory(from, SHORTS + 2L * offset, null, to, 2L * count);
  }
}
