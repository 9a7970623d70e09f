package dev.kindling.train.kernel;

/** How work is cut. Only shapes decide, never the number of threads: so the threads never show in the bits. */
final class Blocks {
  /** Rows of a matrix product that one primitive takes. */
  static final int ROWS = 128;
  /** Rows that a norm or an embedding takes at once; each such block has its own partial sums. */
  static final int FEW_ROWS = 32;
  /** Elements that an elementwise kernel takes at once. */
  static final int ELEMENTS = 16_384;
  /** Elements of these that are in the first-level cache together. */
  static final int PIECE = 1024;
  private static final int USUAL_ROWS = 1024;
  private static final int[] WIDTHS = {256, 192, 128, 64};
  private static final int ENOUGH = 32;                  // blocks
  private static final int CONFLICT = 4096;              // bytes: addresses so far apart share a cache set

  private Blocks() {
  }

  static int count(long size, int block) {
    return Math.toIntExact((size + block - 1) / block);
  }

  /** Elements in block i of those that {@code size} is cut into. */
  static int size(long size, int block, int i) {
    return (int) Math.min(block, size - (long) i * block);
  }

  /** {@link #panel(long, long)} where how many rows there will be is not known: of a batch of {@value #USUAL_ROWS}. */
  static int panel(long columns) {
    return panel(USUAL_ROWS, columns);
  }

  /**
   * Columns of a matrix product [rows, columns] that one primitive takes. The more, the less often the rows are read; few enough
   * that small models keep several threads busy, and every product of GPT-2 124M over 1,024 rows makes 32 blocks or more.
   */
  static int panel(long rows, long columns) {
    for (int width : WIDTHS) { if ((long) count(rows, ROWS) * count(columns, width) >= ENOUGH) return width; }
    return WIDTHS[WIDTHS.length - 1];
  }

  /**
   * Queries of a head that attention takes in one go, of at most {@code largest}: so few that 32 threads are busy, where
   * {@code smallest} are few enough for it.
   */
  static int queries(long keyHeads, long time, int largest, int smallest) {
    int queries = largest;
    while (queries > smallest && keyHeads * count(time, queries) < ENOUGH) queries /= 2;
    return queries;
  }

  /** A row length for n elements whose columns do not fall on a few sets of the cache. */
  static int stride(long n, int elementBytes) {
    long stride = (n + 15) / 16 * 16;
    return Math.toIntExact(conflicts(stride, elementBytes) ? stride + 32 : stride);
  }

  static boolean conflicts(long stride, int elementBytes) {
    return stride * elementBytes % CONFLICT == 0;
  }
}
