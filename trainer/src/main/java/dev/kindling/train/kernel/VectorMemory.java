package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Memory;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vectors straight from memory outside the heap and back, for loops that read and write so much that a copy on the heap costs a
 * third of their time. The Vector API of JDK 21 and newer does it by memory segments, older ones by byte buffers; C2 sees through
 * either handle, as they are constants. Where neither is there nothing is {@link #AVAILABLE}.
 */
final class VectorMemory {
  private static final VectorSpecies<Float> S = VectorMath.S;
  private static final ByteOrder ORDER = ByteOrder.nativeOrder();
  private static final Object EVERYTHING = everything();           // a segment of all addresses; null: buffers
  private static final MethodHandle LOAD = load();
  private static final MethodHandle STORE = store();
  static final boolean AVAILABLE = LOAD != null && STORE != null;
  private static final ThreadLocal<Window[]> WINDOWS = ThreadLocal.withInitial(() -> new Window[4]);

  /** What a buffer views; it is not read or written but where a caller has memory. */
  private record Window(long address, ByteBuffer buffer) {
    private static final int BYTES = 1 << 30;

    /** The same where it has the floats at an address, else another. */
    static Window at(Window last, long address, int floats) {
      boolean has = last != null && address >= last.address && address + 4L * floats <= last.address + BYTES;
      return has ? last : new Window(address, Memory.view(address, BYTES));
    }

    int offset(long at) {
      return (int) (at - address);
    }
  }

  private VectorMemory() {
  }

  private static Object everything() {
    try {
      Class<?> segment = Class.forName("java.lang.foreign.MemorySegment");
      FloatVector.class.getMethod("fromMemorySegment", VectorSpecies.class, segment, long.class, ByteOrder.class);
      return segment.getMethod("reinterpret", long.class).invoke(segment.getField("NULL").get(null), Long.MAX_VALUE);
    } catch (ReflectiveOperationException | RuntimeException e) {  // JDK 17 to 20
      return null;
    }
  }

  private static MethodHandle load() {
    Class<?> where = EVERYTHING == null ? ByteBuffer.class : segment();
    Class<?> offset = EVERYTHING == null ? int.class : long.class;
    try {
      MethodHandle any = MethodHandles.lookup().findStatic(FloatVector.class,
          EVERYTHING == null ? "fromByteBuffer" : "fromMemorySegment",
          MethodType.methodType(FloatVector.class, VectorSpecies.class, where, offset, ByteOrder.class));
      MethodHandle ours = MethodHandles.insertArguments(MethodHandles.insertArguments(any, 3, ORDER), 0, S);
      return EVERYTHING == null ? ours : MethodHandles.insertArguments(ours, 0, EVERYTHING);
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }

  private static MethodHandle store() {
    Class<?> where = EVERYTHING == null ? ByteBuffer.class : segment();
    Class<?> offset = EVERYTHING == null ? int.class : long.class;
    try {
      MethodHandle any = MethodHandles.lookup().findVirtual(FloatVector.class,
          EVERYTHING == null ? "intoByteBuffer" : "intoMemorySegment",
          MethodType.methodType(void.class, where, offset, ByteOrder.class));
      MethodHandle ours = MethodHandles.insertArguments(any, 3, ORDER);
      return EVERYTHING == null ? ours : MethodHandles.insertArguments(ours, 1, EVERYTHING);
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }

  private static Class<?> segment() {
    try {
      return Class.forName("java.lang.foreign.MemorySegment");
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);                          // it was there before
    }
  }

  /**
   * One step of AdamW in place, as {@link RowKernels#adamw} has it, bit for bit.
   *
   * @param n a whole number of vectors of {@link VectorMath#L} elements
   */
  static void adamw(long w, long g, long m, long v, RowKernels.AdamWStep step, int n) {
    try {
      if (EVERYTHING != null) {
        bySegment(w, g, m, v, step, n);
        return;
      }
      Window[] windows = WINDOWS.get();
      windows[0] = Window.at(windows[0], w, n);
      windows[1] = Window.at(windows[1], g, n);
      windows[2] = Window.at(windows[2], m, n);
      windows[3] = Window.at(windows[3], v, n);
      byBuffer(windows[0].buffer, windows[0].offset(w), windows[1].buffer, windows[1].offset(g), windows[2].buffer,
          windows[2].offset(m), windows[3].buffer, windows[3].offset(v), step, n);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {                      // which a handle may throw, as far as its type tells
      throw new IllegalStateException(e);
    }
  }

  private static void bySegment(long w, long g, long m, long v, RowKernels.AdamWStep step, int n) throws Throwable {
    float rest1 = 1 - step.beta1();
    float rest2 = 1 - step.beta2();
    for (long i = 0; i < 4L * n; i += 4L * VectorMath.L) {
      FloatVector x = ((FloatVector) LOAD.invokeExact(g + i)).mul(step.gradientScale());
      FloatVector first = ((FloatVector) LOAD.invokeExact(m + i)).mul(step.beta1()).add(x.mul(rest1));
      FloatVector second = ((FloatVector) LOAD.invokeExact(v + i)).mul(step.beta2()).add(x.mul(x).mul(rest2));
      STORE.invokeExact(first, m + i);
      STORE.invokeExact(second, v + i);
      FloatVector root = second.sqrt().mul(step.rootCorrection()).add(step.epsilon());
      FloatVector kept = ((FloatVector) LOAD.invokeExact(w + i)).mul(step.keep());
      STORE.invokeExact(kept.sub(first.mul(step.rate()).div(root)), w + i);
    }
  }

  private static void byBuffer(ByteBuffer w, int atW, ByteBuffer g, int atG, ByteBuffer m, int atM, ByteBuffer v,
      int atV,
      RowKernels.AdamWStep step, int n) throws Throwable {
    float rest1 = 1 - step.beta1();
    float rest2 = 1 - step.beta2();
    for (int i = 0; i < 4 * n; i += 4 * VectorMath.L) {
      FloatVector x = ((FloatVector) LOAD.invokeExact(g, atG + i)).mul(step.gradientScale());
      FloatVector first = ((FloatVector) LOAD.invokeExact(m, atM + i)).mul(step.beta1()).add(x.mul(rest1));
      FloatVector second = ((FloatVector) LOAD.invokeExact(v, atV + i)).mul(step.beta2()).add(x.mul(x).mul(rest2));
      STORE.invokeExact(first, m, atM + i);
      STORE.invokeExact(second, v, atV + i);
      FloatVector root = second.sqrt().mul(step.rootCorrection()).add(step.epsilon());
      FloatVector kept = ((FloatVector) LOAD.invokeExact(w, atW + i)).mul(step.keep());
      STORE.invokeExact(kept.sub(first.mul(step.rate()).div(root)), w, atW + i);
    }
  }
}
