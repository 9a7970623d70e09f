package dev.kindling.train.kernel;

import dev.kindling.train.kernel.OneDnnProducts.Place;
import dev.kindling.train.tensor.Raw;

/**
 * Up to {@link #QUERIES} queries of one head and the keys that they see. What sees nothing is zero where it is multiplied: what
 * stands on padding may be anything, even no number.
 */
final class AttentionTile {
  /** Queries that are taken together: fewer leave less to compute above a causal diagonal, more make no product faster. */
  static final int QUERIES = 64;
  private final OneDnnWorker worker;
  private final AttentionInputs in;
  private final int sequence;
  private final int head;
  private final int first;
  private final int rows;
  private final Seen seen;

  /** @param tile of the sequence, counted from 0 */
  AttentionTile(OneDnnWorker worker, AttentionInputs in, int sequence, int head, int tile) {
    this.worker = worker;
    this.in = in;
    this.sequence = sequence;
    this.head = head;
    first = tile * QUERIES;
    rows = Blocks.size(in.queryTime(), QUERIES, tile);
    seen = Seen.of(in, sequence, first, rows);
  }

  /** How many there are for a head. */
  static int count(AttentionInputs in) {
    return Blocks.count(in.queryTime(), QUERIES);
  }

  /** Queries. */
  int rows() {
    return rows;
  }

  /** The number of a row's query in its sequence. */
  int query(int row) {
    return first + row;
  }

  boolean seesNothing() {
    return seen.nothing();
  }

  /** First key to be looked at. */
  int from() {
    return seen.from() / HeadOperand.STEP * HeadOperand.STEP;
  }

  /** Past the last key to be looked at. */
  int to() {
    return seen.keys(in);
  }

  /** First of the {@code count} keys from {@code key} on that a row's query sees, counted from {@code key}. */
  int from(int row, int key) {
    return Math.max(0, in.from(sequence, first + row) - key);
  }

  /** Past the last of them; where it is not above {@link #from(int, int)} the query sees none. */
  int to(int row, int key, int count) {
    return Math.min(count, in.to(sequence, first + row) - key);
  }

  /** Drops out of a row's weights, those of {@code count} keys from {@code key} on. */
  void drop(float[] weights, int row, int key, int count) {
    if (in.dropout() == null) return;
    in.dropout().mask(worker.rows().kernels(), weights, in, sequence, head, first + row, key, count);
  }

  /** Address of the row's number in a float32 tensor [batch, heads, queryTime]. */
  long at(long logSumExp, int row) {
    return logSumExp + 4 * (((long) sequence * in.heads() + head) * in.queryTime() + first + row);
  }

  /** The rows of these queries in a matrix like q. */
  Place place(Heads matrix) {
    return place(matrix, sequence, head, first);
  }

  /** One head of one sequence from a row on. */
  static Place place(Heads matrix, int sequence, int head, int row) {
    Place all = Place.of(matrix.rows());
    return new Place(all.at((long) sequence * matrix.time() + row, matrix.column(head)), all.type(), all.stride());
  }

  /** {@link #place} to be read, zero where a query sees nothing. */
  Place queries(Heads matrix, Scratch.Slot slot) {
    Place from = place(matrix);
    if (!seen.blind()) return from;
    long bytes = (long) in.headDim() * in.type().bytes();
    Place to = new Place(worker.scratch(slot, bytes * QUERIES), in.type(), in.headDim());
    for (int r = 0; r < rows; r++) {
      if (in.from(sequence, first + r) < in.to(sequence, first + r)) Raw.copy(from.at(r, 0), to.at(r, 0), bytes);
      else Raw.zero(to.at(r, 0), bytes);
    }
    return to;
  }

  /** Zeros in the rows of these queries. */
  void zero(Heads matrix) {
    Place to = place(matrix);
    for (int r = 0; r < rows; r++) Raw.zero(to.at(r, 0), (long) in.headDim() * to.type().bytes());
  }
}
