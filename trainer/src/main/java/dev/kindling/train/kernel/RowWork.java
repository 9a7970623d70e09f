package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Tensor;

/** Loops over rows or elements on a pool's workers, each with its own rows on the heap; the shape alone cuts them. */
record RowWork(WorkerPool pool, Rows[] workers) {

  /** One block: of its number, with rows (or columns) [from, to). */
  @FunctionalInterface
  interface BlockBody {
    void run(int block, long from, long to, Rows rows);
  }

  void forBlocks(long count, int size, BlockBody body) {
    pool.run(Blocks.count(count, size), (block, k) -> {
      long from = (long) block * size;
      body.run(block, from, Math.min(count, from + size), workers[k]);
    });
  }

  @FunctionalInterface
  interface RowBody {
    void run(long row, Rows rows);
  }

  void forRows(long count, RowBody body) {
    forBlocks(count, Blocks.FEW_ROWS, (block, from, to, rows) -> {
      for (long row = from; row < to; row++) body.run(row, rows);
    });
  }

  /** Elements [from, from + n) of many, few enough to be in the first-level cache. */
  @FunctionalInterface
  interface PieceBody {
    void run(long from, int n, Rows rows);
  }

  void forPieces(long size, PieceBody body) {
    forPieces(size, Blocks.PIECE, body);
  }

  void forPieces(long size, int piece, PieceBody body) {
    forBlocks(size, Blocks.ELEMENTS, (block, from, to, rows) -> {
      for (long at = from; at < to; at += piece) body.run(at, (int) Math.min(piece, to - at), rows);
    });
  }

  /** The address of an element. */
  static long at(Tensor tensor, long element) {
    return tensor.address() + element * tensor.type().bytes();
  }

  static int width(Tensor tensor) {
    return Math.toIntExact(tensor.dim(-1));
  }

  /** More elements than there is room for would be written over foreign memory. */
  static void requireSameSize(Tensor first, Tensor... others) {
    for (Tensor other : others) {
      if (other.size() != first.size()) throw new IllegalArgumentException(first + " and " + other + " differ in size");
    }
  }
}
