package dev.kindling.train.tensor;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the tensors of a step live: memory is handed out front to back and taken back all at once, so that a step
 * allocates nothing once the arena has grown to its size. Not for several threads.
 */
public final class Arena implements AutoCloseable {
  private static final long ALIGNMENT = 64;
  private static final long SMALLEST_BLOCK = 1L << 20;
  private static final long GROWTH = 8;                    // a new block has that part of what is taken already
  private final List<Memory> blocks = new ArrayList<>();
  private int block;                             // the block in use
  private long used;                             // bytes of it
  private long taken;                            // bytes since the last reset, over all blocks
  private long peak;
  private final List<Memory> shared = new ArrayList<>();    // in a plan: the last is what all tensors of numbers lie in

  /** Memory for a tensor whose content is whatever was there before. */
  public Tensor take(DType type, long... shape) {
    // one vector more than asked: a kernel may read past the last element
    long bytes = (Tensor.size(shape) * type.bytes() + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (Memory.isPlanned() && type != DType.INT32) return counted(bytes, type, shape);
    while (block < blocks.size() && used + bytes > blocks.get(block).bytes()) {
      block++;
      used = 0;
    }
    if (block == blocks.size()) {
      blocks.add(Memory.untouched(Math.max(bytes, Math.max(SMALLEST_BLOCK, taken / GROWTH))));
      used = 0;
    }
    Tensor tensor = Tensor.at(blocks.get(block).address() + used, type, shape);
    used += bytes;
    taken += bytes;
    peak = Math.max(peak, taken);
    return tensor;
  }

  private Tensor counted(long bytes, DType type, long... shape) {
    if (shared.isEmpty() || shared.get(shared.size() - 1).bytes() < bytes) shared.add(Memory.allocate(bytes));
    taken += bytes;
    peak = Math.max(peak, taken);
    return Tensor.at(shared.get(shared.size() - 1).address(), type, shape);
  }

  /** Takes everything back: no tensor of this arena may be used any more. */
  public void reset() {
    if (blocks.size() > 1 && shared.isEmpty()) {    // grown in pieces: one block from now on
      close();
      blocks.add(Memory.untouched(peak));
    }
    block = 0;
    used = 0;
    taken = 0;
  }

  /** The most bytes in use at once so far. */
  public long peakBytes() {
    return peak;
  }

  @Override
  public void close() {
    blocks.forEach(Memory::close);
    blocks.clear();
    shared.forEach(Memory::close);
    shared.clear();
    block = 0;
    used = 0;
  }
}
