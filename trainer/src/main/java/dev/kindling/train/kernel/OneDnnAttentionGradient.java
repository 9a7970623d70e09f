package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.OneDnnAttention.KEYS;
import static dev.kindling.train.kernel.OneDnnAttention.scratch;

import dev.kindling.train.kernel.OneDnnProducts.Place;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/**
 * The way back of {@link OneDnnAttention}, which computes the scores S again (Dao et al. 2022, algorithm 4):
 *
 * <pre>
 *   P = exp(S - logSumExp)    dV = Pᵀ dY    dP = dY Vᵀ    dS = P (dP - sum of P dP over keys)    dQ = dS K    dK = dSᵀ Q
 * </pre>
 *
 * With dropout's mask M (0, or 1 / (1 - rate)): dV = (M P)ᵀ dY, dP = M (dY Vᵀ).
 *
 * A worker takes a key head of a sequence with all its queries: dK and dV are sums over them in one order, [keyTime, headDim]
 * float32 each. The bias's gradient is summed by sequences first, then these in their order.
 */
final class OneDnnAttentionGradient {
  private static final DType F = DType.FLOAT32;
  private static final int BIAS = 6;                       // rows of a worker
  private static final int INNER = 7;
  private final WorkerPool pool;
  private final OneDnnWorker[] workers;
  private final Scratch scratch;

  OneDnnAttentionGradient(WorkerPool pool, OneDnnWorker[] workers, Scratch scratch) {
    this.pool = pool;
    this.workers = workers;
    this.scratch = scratch;
  }

  void run(AttentionInputs in, Heads y, Tensor logSumExp, Heads dy, AttentionGradients to) {
    int keyHeads = in.k().count();
    long parts = to.bias() == null
        ? 0
        : scratch.at(Scratch.Slot.BIAS_GRADIENTS, 4L * in.batch() * in.heads() * in.distances());
    pool.run(in.batch() * keyHeads, (i, k) -> {
      new Group(workers[k].here(), in, i / keyHeads, i % keyHeads).run(y, logSumExp.address(), dy, to, parts);
    });
    if (parts != 0) addOverTheBatch(in, parts, to.bias());
  }

  private void addOverTheBatch(AttentionInputs in, long parts, Tensor dBias) {
    int n = in.distances();
    pool.run(in.heads(), (head, k) -> {
      Rows rows = workers[k].rows();
      float[] sum = rows.read(0, F, parts + 4L * head * n, n);
      for (int sequence = 1; sequence < in.batch(); sequence++) {
        long part = parts + 4L * ((long) sequence * in.heads() + head) * n;
        rows.kernels().add(rows.read(1, F, part, n), sum, n);
      }
      long to = dBias.address() + 4L * head * n;
      rows.kernels().add(rows.read(1, F, to, n), sum, n);
      rows.write(sum, n, F, to);
    });
  }

  /** Writes rows of float32 sums. */
  static void write(Rows rows, Place sums, int count, int width, Place to) {
    for (int i = 0; i < count; i++) rows.write(rows.read(0, F, sums.at(i, 0), width), width, to.type(), to.at(i, 0));
  }

  /** The query heads of one key head of one sequence. */
  private static final class Group {
    private final OneDnnWorker worker;
    private final Rows rows;
    private final AttentionInputs in;
    private final int sequence;
    private final int keyHead;
    private final int size;
    private final HeadOperand keys;
    private final HeadOperand values;
    private final KeyGradient dk;
    private final KeyGradient dv;
    private final Place scores;                  // of one tile, as the next two
    private final Place dp;
    private final Place ds;

    Group(OneDnnWorker worker, AttentionInputs in, int sequence, int keyHead) {
      this.worker = worker;
      this.in = in;
      this.sequence = sequence;
      this.keyHead = keyHead;
      rows = worker.rows();
      size = in.headDim();
      Seen seen = Seen.of(in, sequence, 0, in.queryTime());
      boolean[] ofKeys = seen.ofKeys(in, sequence, 0, in.queryTime());
      keys = HeadOperand.of(worker, in.k(), sequence, keyHead, seen.keys(in), ofKeys, Scratch.Slot.KEYS)
          .transposed(Scratch.Slot.TURNED_KEYS).straight(Scratch.Slot.KEY_PANELS);
      values = HeadOperand.of(worker, in.v(), sequence, keyHead, seen.keys(in), ofKeys, Scratch.Slot.VALUES)
          .transposed(Scratch.Slot.TURNED_VALUES);
      scores = scratch(worker, Scratch.Slot.SCORES, F, in);
      dp = scratch(worker, Scratch.Slot.PROBABILITY_GRADIENTS, F, in);
      ds = scratch(worker, Scratch.Slot.SCORE_GRADIENT_ROWS, in.type(), in);
      dk = KeyGradient.of(worker, in, Scratch.Slot.SCORE_GRADIENTS, Scratch.Slot.KEY_GRADIENTS, 0, ds);
      dv = KeyGradient.of(worker, in, Scratch.Slot.PROBABILITIES, Scratch.Slot.VALUE_GRADIENTS, 1, null);
    }

    /** @param biasParts float32 [batch, heads, distances], or 0 */
    void run(Heads y, long logSumExp, Heads dy, AttentionGradients to, long biasParts) {
      for (int head = keyHead * in.group(); head < (keyHead + 1) * in.group(); head++) {
        float[] dBias = biasParts == 0 ? null : rows.zeros(BIAS, in.distances());
        AttentionScores form = new AttentionScores(in, head, rows);
        for (int i = 0; i < AttentionTile.count(in); i++) {
          AttentionTile tile = new AttentionTile(worker, in, sequence, head, i);
          if (tile.seesNothing()) tile.zero(to.q());
          else backward(tile, form, y, logSumExp, dy, to.q(), dBias);
        }
        long part = biasParts + 4L * ((long) sequence * in.heads() + head) * in.distances();
        if (dBias != null) Raw.copy(dBias, 0, in.distances(), part);
      }
      dk.write(AttentionTile.place(to.k(), sequence, keyHead, 0));
      dv.write(AttentionTile.place(to.v(), sequence, keyHead, 0));
    }

    private void backward(AttentionTile tile, AttentionScores form, Heads y, long logSumExp, Heads dy, Heads toQ,
        float[] dBias) {
      int m = tile.rows();
      boolean whole = tile.to() - tile.from() <= KEYS;
      Place q = tile.queries(in.q(), Scratch.Slot.QUERIES);
      Place dOut = tile.queries(dy, Scratch.Slot.OUTPUT_GRADIENTS);
      Place dq = whole
          ? tile.place(toQ)
          : new Place(worker.scratch(Scratch.Slot.QUERY_GRADIENTS, 4L * AttentionTile.QUERIES * size), F, size);
      float[] inner = whole ? null : inner(dOut, tile.place(y), m);
      for (int key = tile.from(); key < tile.to(); key += KEYS) {
        int n = Math.min(KEYS, tile.to() - key);
        keys.timesTransposed(q, m, key, n, scores);
        values.timesTransposed(dOut, m, key, n, dp);
        dk.begin(m, n);
        dv.begin(m, n);
        for (int r = 0; r < m; r++) scoreGradients(tile, form, r, key, n, logSumExp, inner, dBias);
        keys.times(ds, m, key, n, dq, key > tile.from());
        dv.add(dOut, key);
        dk.add(q, key);
      }
      if (!whole) write(rows, dq, m, size, tile.place(toQ));
    }

    /** The sum of P dP over all keys, which is that of dY Y over a row. */
    private float[] inner(Place dOut, Place y, int m) {
      float[] inner = rows.row(INNER, m);
      for (int r = 0; r < m; r++) {
        float[] gradient = rows.read(0, dOut.type(), dOut.at(r, 0), size);
        inner[r] = rows.kernels().dot(gradient, rows.read(1, y.type(), y.at(r, 0), size), size);
      }
      return inner;
    }

    /** P and dS of one row. @param inner of each row, or null where the keys at hand are all that are seen */
    private void scoreGradients(AttentionTile tile, AttentionScores form, int r, int key, int n, long logSumExp,
        float[] inner, float[] dBias) {
      int from = tile.from(r, key);
      int to = tile.to(r, key, n);
      if (from >= to) {
        dv.put(rows.row(0, n), r, 0, 0);
        dk.put(rows.row(0, n), r, 0, 0);
        return;
      }
      int count = to - from;
      RowKernels kernels = rows.kernels();
      float[] row = rows.read(0, F, scores.at(r, from), count);
      float[] gradient = rows.read(1, F, dp.at(r, from), count);
      float factor = form.of(row, count, tile.query(r), key + from);
      kernels.exp(row, factor, Raw.getFloat(tile.at(logSumExp, r)), count);
      tile.drop(gradient, r, key + from, count);
      float sum = inner == null ? kernels.dot(row, gradient, count) : inner[r];
      form.gradient(row, gradient, sum, count, tile.query(r), key + from, dBias);
      tile.drop(row, r, key + from, count);
      dv.put(row, r, from, to);
      dk.put(gradient, r, from, to);
    }
  }
}
