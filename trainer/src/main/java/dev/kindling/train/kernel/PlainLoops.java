package dev.kindling.train.kernel;

/** Loops over a pool's workers for kernels in plain Java. */
record PlainLoops(WorkerPool pool) {
  private static final int FEW = 32;                       // rows or columns of a block
  private static final int MANY = 4096;                    // elements of a block

  @FunctionalInterface
  interface Body {
    void run(long index);
  }

  /** Blocks of rows. */
  void overRows(long rows, Body body) {
    over(rows, FEW, body);
  }

  /** Each column by one worker: what is summed over rows is summed in their order. */
  void overColumns(long columns, Body body) {
    over(columns, FEW, body);
  }

  void overElements(long size, Body body) {
    over(size, MANY, body);
  }

  private void over(long count, int block, Body body) {
    pool.run(Blocks.count(count, block), (i, worker) -> {
      long to = Math.min(count, (i + 1L) * block);
      for (long at = (long) i * block; at < to; at++) body.run(at);
    });
  }
}
