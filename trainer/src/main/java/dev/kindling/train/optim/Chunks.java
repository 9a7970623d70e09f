package dev.kindling.train.optim;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Raw;

/** Elementwise work over long vectors, cut into chunks that a worker reads, changes in arrays of its own and writes back. */
final class Chunks {
  static final int SIZE = 4096;
  private final Kernels kernels;
  private final float[][][] arrays;              // [worker][operand][SIZE]

  /** @param operands arrays that a body works in */
  Chunks(Kernels kernels, int operands) {
    this.kernels = kernels;
    this.arrays = new float[kernels.pool().threads()][operands][SIZE];
  }

  /** The work on one chunk. */
  @FunctionalInterface
  interface Body {
    /** @param from first element; @param count of them; @param arrays the worker's own */
    void run(long from, int count, float[][] arrays);
  }

  void run(long elements, Body body) {
    int blocks = Math.toIntExact((elements + SIZE - 1) / SIZE);
    kernels.pool().run(blocks, (block, worker) -> {
      long from = (long) block * SIZE;
      body.run(from, (int) Math.min(SIZE, elements - from), arrays[worker]);
    });
  }

  /** What becomes of one chunk. */
  @FunctionalInterface
  interface Change {
    /** @param arrays a chunk of what is read, then one of each vector that changes; @param count elements of each */
    void make(float[][] arrays, int count);
  }

  /**
   * Changes vectors of float32 by what stands in another.
   *
   * @param elements of each; @param read address of the first that is only read; @param changed of those that are written back
   */
  void change(long elements, long read, long[] changed, Change change) {
    run(elements, (from, count, arrays) -> {
      long at = Float.BYTES * from;
      Raw.copy(read + at, arrays[0], 0, count);
      for (int i = 0; i < changed.length; i++) Raw.copy(changed[i] + at, arrays[i + 1], 0, count);
      change.make(arrays, count);
      for (int i = 0; i < changed.length; i++) Raw.copy(arrays[i + 1], 0, count, changed[i] + at);
    });
  }
}
