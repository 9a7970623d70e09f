package dev.kindling.train.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.memory.enums.MemoryKind;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One block of off-heap memory, taken from ND4J once and given back when closed. Addresses are aligned to 64 bytes,
 * sizes are {@code long}: a block may be larger than 2 GB, a view of it as a {@link ByteBuffer} may not.
 */
public final class Memory implements AutoCloseable {
  private static final int ALIGNMENT = 64;
  private static final AtomicLong IN_USE = new AtomicLong();
  private static final AtomicLong MOST_IN_USE = new AtomicLong();
  private static final ThreadLocal<Boolean> PLANNED = ThreadLocal.withInitial(() -> false);
  private final Pointer block;
  private final long address;
  private final long bytes;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Memory(Pointer block, long address, long bytes) {
    this.block = block;
    this.address = address;
    this.bytes = bytes;
  }

  /** @param bytes at least 1; the content is zero */
  public static Memory allocate(long bytes) {
    Memory memory = untouched(bytes);
    if (!PLANNED.get()) Pointer.memset(pointer(memory.address, bytes), 0, bytes);
    return memory;
  }

  /**
   * The same with any content. What is never written is never resident, and the first write finds the pages as large as was asked for:
   * an {@code INDArray}, "uninitialized" too, has all of its memory written before anyone can ask.
   *
   * @param bytes at least 1
   */
  static Memory untouched(long bytes) {
    Pointer block = Nd4j.getMemoryManager().allocate(bytes + ALIGNMENT, MemoryKind.HOST, false);
    long start = block.address();
    Memory memory = new Memory(block, (start + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, bytes);
    long inUse = IN_USE.addAndGet(bytes);
    MOST_IN_USE.accumulateAndGet(inUse, Math::max);
    HugePages.advise(memory.address, bytes);
    return memory;
  }

  /** Bytes of all that is open in this JVM. */
  public static long inUse() {
    return IN_USE.get();
  }

  /** The most that {@link #inUse} has been since this was last called. */
  public static long takeMostInUse() {
    return MOST_IN_USE.getAndSet(IN_USE.get());
  }

  /**
   * Runs something that asks for tensors but computes nothing: arenas count numbers and hold one tensor of them at a time.
   * What is read of them is undefined; integers are there.
   */
  public static void planned(Runnable plan) {
    PLANNED.set(true);
    try {
      plan.run();
    } finally {
      PLANNED.remove();
    }
  }

  static boolean isPlanned() {
    return PLANNED.get();
  }

  /** Of the first byte. */
  public long address() {
    return address;
  }

  public long bytes() {
    return bytes;
  }

  /** Views any off-heap address as a buffer in the machine's byte order; it must not outlive the memory behind it. */
  public static ByteBuffer view(long address, int bytes) {
    return pointer(address, bytes).asByteBuffer().order(ByteOrder.nativeOrder());
  }

  private static BytePointer pointer(long address, long bytes) {
    return new Address(address, bytes).bytes();
  }

  @Override
  public void close() {
    if (closed.getAndSet(true)) return;
    IN_USE.addAndGet(-bytes);
    Nd4j.getMemoryManager().release(block, MemoryKind.HOST);
  }

  /** JavaCPP lets only a subclass name an address. */
  private static final class Address extends Pointer {
    Address(long address, long bytes) {
      this.address = address;
      this.limit = bytes;
      this.capacity = bytes;
    }

    BytePointer bytes() {
      return new BytePointer(this).limit(limit).capacity(capacity);
    }
  }
}
