package dev.kindling.train.optim;

import dev.kindling.train.kernel.Kernels;

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
}
