package dev.kindling.train.kernel;

import dev.kindling.train.kernel.OneDnnProducts.Place;

/**
 * dV = Pᵀ dY or dK = dSᵀ Q of a head: the sum over tiles [queries, keys] of P or dS, put row by row, of the tile's transpose times
 * what its queries have.
 */
interface KeyGradient {
  /** A tile of m queries and n keys follows. */
  void begin(int m, int n);

  /** Row r of the tile, in order: numbers in columns [from, to), zeros in all others. The row may be spoilt past its end. */
  void put(float[] row, int r, int from, int to);

  /** Adds the transposed tile times b [m, headDim], for the keys from {@code key} on. */
  void add(Place b, int key);

  /** Writes the sum to [keyTime, headDim]. */
  void write(Place to);

  /**
   * @param tile and {@code sum}: memory that is its own
   * @param pairs which of the worker's, likewise
   * @param rows where the tile is to lie in rows, for others too; null: nowhere
   */
  static KeyGradient of(OneDnnWorker worker, AttentionInputs in, Scratch.Slot tile, Scratch.Slot sum, int pairs,
      Place rows) {
    if (HeadOperand.panels(in.type(), in.headDim())) return new KeyGradientInPanels(worker, in, tile, sum, pairs, rows);
    return new KeyGradientInRows(worker, in, sum,
        rows == null ? OneDnnAttention.scratch(worker, tile, in.type(), in) : rows);
  }
}
