package dev.kindling.train.kernel;

import dev.kindling.train.kernel.OneDnnProducts.Place;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.Arrays;

/**
 * Attention by tiles of {@link AttentionTile#QUERIES} queries of one head against {@link #KEYS} of the keys that they see (Dao et al.
 * 2022, arXiv:2205.14135). A worker holds the scores of one tile, at most QUERIES · KEYS numbers a matrix whatever the time is;
 * more keys are joined by the running maximum and sum of each row (algorithm 1 there).
 */
final class OneDnnAttention {
  /** Keys that a tile takes at once. */
  static final int KEYS = 512;
  /** Most queries of a head that a worker takes in one go, whole tiles: it lays out the keys that they see once. */
  private static final int MOST = 8 * AttentionTile.QUERIES;
  private static final DType F = DType.FLOAT32;
  private static final int LARGEST = 6;                    // rows of a worker
  private static final int SUMS = 7;
  private final WorkerPool pool;
  private final OneDnnWorker[] workers;
  private final OneDnnAttentionGradient gradient;

  OneDnnAttention(WorkerPool pool, OneDnnWorker[] workers, Scratch scratch) {
    this.pool = pool;
    this.workers = workers;
    gradient = new OneDnnAttentionGradient(pool, workers, scratch);
  }

  void forward(AttentionInputs in, Heads y, Tensor logSumExp) {
    int heads = in.heads();
    long sums = logSumExp == null ? 0 : logSumExp.address();
    if (in.queryTime() == 1) {
      pool.run(in.batch() * heads, (i, k) -> one(workers[k].rows(), in, i / heads, i % heads, y, sums));
      return;
    }
    int keyHeads = in.k().count();
    int size = part(in);
    int parts = Blocks.count(in.queryTime(), size);
    pool.run(in.batch() * keyHeads * parts, (i, k) -> new Forward(workers[k].here(), in, i / parts / keyHeads,
        i / parts % keyHeads, i % parts, size).run(y, sums));
  }

  /** Queries of a part. How they are cut changes no sum: each tile has its own. */
  private static int part(AttentionInputs in) {
    return Blocks.queries((long) in.batch() * in.k().count(), in.queryTime(), MOST, AttentionTile.QUERIES);
  }

  void backward(AttentionInputs in, Heads y, Tensor logSumExp, Heads dy, AttentionGradients to) {
    gradient.run(in, y, logSumExp, dy, to);
  }

  /** Room for numbers by queries and keys of a tile. */
  static Place scratch(OneDnnWorker worker, Scratch.Slot slot, DType type, AttentionInputs in) {
    int stride = Blocks.stride(Math.min(KEYS, in.keyTime()), F.bytes());
    return new Place(worker.scratch(slot, (long) AttentionTile.QUERIES * stride * type.bytes()), type, stride);
  }

  /** A row of a tile: numbers from column {@code from} to {@code to} of n, zeros in all others. */
  static void writeRow(Rows rows, float[] row, Place to, int r, int from, int end, int n) {
    int bytes = to.type().bytes();
    rows.write(row, end - from, to.type(), to.at(r, from));
    if (from > 0) Raw.zero(to.at(r, 0), (long) from * bytes);
    if (end < n) Raw.zero(to.at(r, end), (long) (n - end) * bytes);
  }

  /** Some queries of all heads that share a key head of a sequence. */
  private static final class Forward {
    private final OneDnnWorker worker;
    private final AttentionInputs in;
    private final int sequence;
    private final int keyHead;
    private final int first;                     // tile
    private final int end;
    private final HeadOperand keys;
    private final HeadOperand values;

    Forward(OneDnnWorker worker, AttentionInputs in, int sequence, int keyHead, int part, int size) {
      this.worker = worker;
      this.in = in;
      this.sequence = sequence;
      this.keyHead = keyHead;
      int query = part * size;
      int queries = Blocks.size(in.queryTime(), size, part);
      first = query / AttentionTile.QUERIES;
      end = first + Blocks.count(queries, AttentionTile.QUERIES);
      Seen seen = Seen.of(in, sequence, query, queries);
      boolean[] ofKeys = seen.ofKeys(in, sequence, query, queries);
      keys = HeadOperand.of(worker, in.k(), sequence, keyHead, seen.keys(in), ofKeys, Scratch.Slot.KEYS)
          .transposed(Scratch.Slot.TURNED_KEYS);
      values = HeadOperand.of(worker, in.v(), sequence, keyHead, seen.keys(in), ofKeys, Scratch.Slot.VALUES)
          .straight(Scratch.Slot.VALUE_PANELS);
    }

    void run(Heads y, long logSumExp) {
      for (int head = keyHead * in.group(); head < (keyHead + 1) * in.group(); head++) {
        AttentionScores form = new AttentionScores(in, head, worker.rows());
        for (int i = first; i < end; i++)
          run(new AttentionTile(worker, in, sequence, head, i), form, y, logSumExp);
      }
    }

    private void run(AttentionTile tile, AttentionScores form, Heads y, long logSumExp) {
      if (tile.seesNothing()) {
        tile.zero(y);
        for (int r = 0; r < tile.rows() && logSumExp != 0; r++) Raw.putFloat(tile.at(logSumExp, r), 0);
        return;
      }
      int m = tile.rows();
      int size = in.headDim();
      boolean whole = tile.to() - tile.from() <= KEYS;
      Place q = tile.queries(in.q(), Scratch.Slot.QUERIES);
      Place scores = scratch(worker, Scratch.Slot.SCORES, F, in);
      Place p = scratch(worker, Scratch.Slot.PROBABILITIES, in.type(), in);
      Place out = whole
          ? tile.place(y)
          : new Place(worker.scratch(Scratch.Slot.OUTPUTS, 4L * AttentionTile.QUERIES * size), F, size);
      float[] largest = worker.rows().row(LARGEST, m);
      Arrays.fill(largest, 0, m, Float.NEGATIVE_INFINITY);
      float[] sums = worker.rows().zeros(SUMS, m);
      for (int key = tile.from(); key < tile.to(); key += KEYS) {
        int n = Math.min(KEYS, tile.to() - key);
        keys.timesTransposed(q, m, key, n, scores);
        for (int r = 0; r < m; r++) weights(tile, form, r, key, n, scores, p, whole ? null : out, largest, sums);
        values.times(p, m, key, n, out, key > tile.from());
      }
      if (!whole) divide(out, sums, m, tile.place(y));
      for (int r = 0; r < m && logSumExp != 0; r++) {
        float log = sums[r] > 0 ? largest[r] + (float) Math.log(sums[r]) : 0;
        Raw.putFloat(tile.at(logSumExp, r), log);
      }
    }

    private void weights(AttentionTile tile, AttentionScores form, int r, int key, int n, Place scores, Place p,
        Place out, float[] largest, float[] sums) {
      int from = tile.from(r, key);
      int to = tile.to(r, key, n);
      if (from >= to) {
        Raw.zero(p.at(r, 0), (long) n * p.type().bytes());
        return;
      }
      Rows rows = worker.rows();
      int count = to - from;
      float[] row = rows.read(0, F, scores.at(r, from), count);
      float factor = form.of(row, count, tile.query(r), key + from);
      float max = factor * rows.kernels().max(row, count);
      if (max > largest[r]) {
        if (out != null && key > tile.from()) shrink(out.at(r, 0), (float) Math.exp(largest[r] - max), sums, r);
        largest[r] = max;
      }
      float sum = rows.kernels().expAndSum(row, factor, largest[r], count);
      sums[r] += sum;
      if (out == null) rows.kernels().scale(row, 1 / sum, count);
      tile.drop(row, r, key + from, count);
      writeRow(rows, row, p, r, from, to, n);
    }

    private void shrink(long out, float factor, float[] sums, int r) {
      sums[r] *= factor;
      float[] row = worker.rows().read(1, F, out, in.headDim());
      worker.rows().kernels().scale(row, factor, in.headDim());
      worker.rows().write(row, in.headDim(), F, out);
    }

    private void divide(Place out, float[] sums, int m, Place y) {
      for (int r = 0; r < m; r++) {
        float[] row = worker.rows().read(0, F, out.at(r, 0), in.headDim());
        worker.rows().kernels().scale(row, sums[r] > 0 ? 1 / sums[r] : 0, in.headDim());
        worker.rows().write(row, in.headDim(), y.type(), y.at(r, 0));
      }
    }
  }

  /** One query of one head, key by key: a product of one row would run no faster. */
  private static void one(Rows rows, AttentionInputs in, int sequence, int head, Heads y, long logSumExp) {
    RowKernels kernels = rows.kernels();
    int size = in.headDim();
    int from = in.from(sequence, 0);
    int n = Math.max(0, in.to(sequence, 0) - from);
    Place q = AttentionTile.place(in.q(), sequence, head, 0);
    Place k = AttentionTile.place(in.k(), sequence, head / in.group(), from);
    Place v = AttentionTile.place(in.v(), sequence, head / in.group(), from);
    Place to = AttentionTile.place(y, sequence, head, 0);
    float[] query = rows.read(0, q.type(), q.address(), size);
    float[] scores = rows.row(1, n);
    for (int i = 0; i < n; i++) scores[i] = kernels.dot(query, rows.read(2, k.type(), k.at(i, 0), size), size);
    float factor = new AttentionScores(in, head, rows).of(scores, n, 0, from);
    float max = n == 0 ? 0 : factor * kernels.max(scores, n);
    float sum = kernels.expAndSum(scores, factor, max, n);
    if (in.dropout() != null) in.dropout().mask(kernels, scores, in, sequence, head, 0, from, n);
    float[] out = rows.zeros(3, size);
    for (int i = 0; i < n; i++)
      kernels.addScaled(rows.read(2, v.type(), v.at(i, 0), size), scores[i] / sum, out, size);
    rows.write(out, size, to.type(), to.address());
    long at = logSumExp + 4 * ((long) sequence * in.heads() + head);
    if (logSumExp != 0) Raw.putFloat(at, n == 0 ? 0 : max + (float) Math.log(sum));
  }
}
