package dev.kindling.train.kernel;

import dev.kindling.train.kernel.OneDnnProducts.Place;
import dev.kindling.train.kernel.Primitive.Matrix;
import dev.kindling.train.kernel.Primitive.Order;
import dev.kindling.train.kernel.Primitive.Product;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.Arrays;

/**
 * Causal attention by tiles of {@link Blocks#ROWS} queries of one head against the keys up to them (Dao et al. 2022,
 * arXiv:2205.14135): a worker holds the scores of one tile. The way back computes them again from the log-sum-exp.
 *
 * <pre>
 *   S = Q Kᵀ / √headDim      P = exp(S - logSumExp), causal      Y = P V
 *   dV = Pᵀ dY     dP = dY Vᵀ     dS = P (dP - sum of P dP over keys) / √headDim     dQ = dS K     dK = dSᵀ Q
 * </pre>
 */
final class OneDnnAttention {
  private static final DType F = DType.FLOAT32;
  private final WorkerPool pool;
  private final OneDnnWorker[] workers;

  OneDnnAttention(WorkerPool pool, OneDnnWorker[] workers) {
    this.pool = pool;
    this.workers = workers;
  }

  void forward(Tensor qkv, int heads, Tensor lengths, Tensor y, Tensor logSumExp) {
    int batch = Math.toIntExact(qkv.dim(0));
    int tiles = Blocks.count(qkv.dim(1), Blocks.ROWS);
    pool.run(batch * heads * tiles, (i, k) -> {
      Head head = new Head(workers[k].here(), qkv, heads, lengths, i / tiles);
      head.forward(i % tiles, y, logSumExp);
    });
  }

  void backward(Tensor qkv, int heads, Tensor lengths, Tensor logSumExp, Tensor dy, Tensor dqkv) {
    int batch = Math.toIntExact(qkv.dim(0));
    pool.run(batch * heads,
        (i, k) -> new Head(workers[k].here(), qkv, heads, lengths, i).backward(logSumExp, dy, dqkv));
  }

  /** One head of one sequence. */
  private static final class Head {
    private final OneDnnWorker worker;
    private final Rows rows;
    private final DType type;
    private final int time;
    private final int width;                     // of all heads together
    private final int size;                      // of one
    private final int length;                    // tokens that are not padding
    private final long firstRow;
    private final int column;
    private final int number;                    // of the head among all of the batch
    private final float factor;
    private final int stride;                    // of scores and probabilities
    private Place q;
    private Place k;
    private Place v;

    Head(OneDnnWorker worker, Tensor qkv, int heads, Tensor lengths, int number) {
      this.worker = worker;
      this.number = number;
      rows = worker.rows();
      type = qkv.type();
      time = Math.toIntExact(qkv.dim(1));
      width = Math.toIntExact(qkv.dim(2) / 3);
      size = width / heads;
      int sequence = number / heads;
      length = lengths == null ? time : Math.min(time, Raw.getInt(lengths.address() + 4L * sequence));
      firstRow = (long) sequence * time;
      column = number % heads * size;
      factor = (float) (1 / Math.sqrt(size));
      stride = Blocks.stride(time, F.bytes());
      Place all = Place.of(qkv);
      q = part(all, column);
      k = part(all, width + column);
      v = part(all, 2 * width + column);
      if (length < time) copyWithoutPadding();
    }

    private Place part(Place all, int from) {
      return new Place(all.at(firstRow, from), all.type(), all.stride());
    }

    /** What stands on padding may be anything, even no number: zeros in its place. */
    private void copyWithoutPadding() {
      long bytes = (long) time * size * type.bytes();
      long to = worker.scratch(Scratch.Slot.QUERIES_KEYS_VALUES, 3 * bytes);
      q = withoutPadding(q, to);
      k = withoutPadding(k, to + bytes);
      v = withoutPadding(v, to + 2 * bytes);
    }

    private Place withoutPadding(Place from, long address) {
      Place to = new Place(address, type, size);
      for (int t = 0; t < length; t++) Raw.copy(from.at(t, 0), to.at(t, 0), (long) size * type.bytes());
      Raw.zero(to.at(length, 0), (long) (time - length) * size * type.bytes());
      return to;
    }

    void forward(int tile, Tensor y, Tensor logSumExp) {
      int first = tile * Blocks.ROWS;
      int m = Blocks.size(time, Blocks.ROWS, tile);
      Place to = part(Place.of(y), column);
      long sums = logSumExp.address() + 4 * ((long) number * time + first);
      if (first >= length) {
        zero(to, first, m);
        Raw.zero(sums, 4L * m);
        return;
      }
      int keys = first + m;
      Place scores = scratch(Scratch.Slot.SCORES, F);
      Place probabilities = scratch(Scratch.Slot.PROBABILITIES, type);
      multiply(m, keys, size, q, q.at(first, 0), k.inColumns(), k.address(), scores.inRows(), scores.address());
      for (int r = 0; r < m; r++)
        softmax(scores.at(r, 0), visible(first + r), keys, probabilities.at(r, 0), sums + 4L * r);
      multiply(m, size, keys, probabilities, probabilities.address(), v.inRows(), v.address(), to.inRows(),
          to.at(first, 0));
    }

    /** Keys that query t sees. */
    private int visible(int t) {
      return t < length ? t + 1 : 0;
    }

    private Place scratch(Scratch.Slot slot, DType of) {
      return new Place(worker.scratch(slot, (long) Blocks.ROWS * stride * of.bytes()), of, stride);
    }

    /** c [m, n] = a [m, inner] b [inner, n]. */
    private void multiply(int m, int n, int inner, Place a, long aAddress, Matrix b, long bAddress, Matrix c,
        long cAddress) {
      worker.run(new Product(m, n, inner, a.inRows(), b, c, false, false), aAddress, bAddress, cAddress);
    }

    private void softmax(long scores, int n, int keys, long probabilities, long logSumExp) {
      RowKernels kernels = rows.kernels();
      float[] row = rows.row(0, keys);
      if (n > 0) {
        rows.read(0, F, scores, n);
        float max = kernels.max(row, n);
        float sum = kernels.exp(row, factor, factor * max, n);
        kernels.scale(row, 1 / sum, n);
        Raw.putFloat(logSumExp, factor * max + (float) Math.log(sum));
      } else {
        Raw.putFloat(logSumExp, 0);
      }
      Arrays.fill(row, n, keys, 0);
      rows.write(row, keys, type, probabilities);
    }

    private void zero(Place matrix, int from, int count) {
      for (int t = from; t < from + count; t++) Raw.zero(matrix.at(t, 0), (long) size * matrix.type().bytes());
    }

    void backward(Tensor logSumExp, Tensor dy, Tensor dqkv) {
      Place all = Place.of(dqkv);
      Place dq = part(all, column);
      Place dk = gradient(Scratch.Slot.KEY_GRADIENTS);
      Place dv = gradient(Scratch.Slot.VALUE_GRADIENTS);
      Place dOut = part(Place.of(dy), column);
      if (length < time) {
        dOut = withoutPadding(dOut, worker.scratch(Scratch.Slot.OUTPUT_GRADIENTS, (long) time * size * type.bytes()));
      }
      for (int first = 0; first < time; first += Blocks.ROWS) {
        int m = Math.min(Blocks.ROWS, time - first);
        if (first >= length) zero(dq, first, m);
        else backwardTile(first, m, logSumExp.address() + 4 * ((long) number * time + first), dOut, dq, dk, dv);
      }
      write(dk, part(all, width + column));
      write(dv, part(all, 2 * width + column));
    }

    /** Zeros [time, size] in float32, for sums over the tiles of queries. */
    private Place gradient(Scratch.Slot slot) {
      long bytes = 4L * time * size;
      Place sums = new Place(worker.scratch(slot, bytes), F, size);
      Raw.zero(sums.address(), bytes);
      return sums;
    }

    private void backwardTile(int first, int m, long sums, Place dOut, Place dq, Place dk, Place dv) {
      int keys = first + m;
      Place scores = scratch(Scratch.Slot.SCORES, F);
      Place dProbabilities = scratch(Scratch.Slot.PROBABILITY_GRADIENTS, F);
      Place p = scratch(Scratch.Slot.PROBABILITIES, type);
      Place ds = scratch(Scratch.Slot.SCORE_GRADIENTS, type);
      multiply(m, keys, size, q, q.at(first, 0), k.inColumns(), k.address(), scores.inRows(), scores.address());
      multiply(m, keys, size, dOut, dOut.at(first, 0), v.inColumns(), v.address(), dProbabilities.inRows(),
          dProbabilities.address());
      for (int r = 0; r < m; r++) {
        softmaxGradient(scores.at(r, 0), dProbabilities.at(r, 0), Raw.getFloat(sums + 4L * r), visible(first + r), keys,
            p.at(r, 0), ds.at(r, 0));
      }
      multiply(m, size, keys, ds, ds.address(), k.inRows(), k.address(), dq.inRows(), dq.at(first, 0));
      addTransposed(keys, m, p, dOut, first, dv);
      addTransposed(keys, m, ds, q, first, dk);
    }

    /** sums [keys, size] += aᵀ b[first..], a [m, keys]. */
    private void addTransposed(int keys, int m, Place a, Place b, int first, Place sums) {
      Matrix transposed = new Matrix(type, Order.COLUMNS, a.stride());
      worker.run(new Product(keys, size, m, transposed, b.inRows(), sums.inRows(), false, true), a.address(),
          b.at(first, 0),
          sums.address());
    }

    private void softmaxGradient(long scores, long dProbabilities, float logSumExp, int n, int keys, long p, long ds) {
      RowKernels kernels = rows.kernels();
      float[] row = rows.row(0, keys);
      float[] gradient = rows.row(1, keys);
      if (n > 0) {
        rows.read(0, F, scores, n);
        rows.read(1, F, dProbabilities, n);
        kernels.exp(row, factor, logSumExp, n);
        float inner = kernels.dot(row, gradient, n);
        kernels.softmaxGradient(row, gradient, inner, factor, n);
      }
      Arrays.fill(row, n, keys, 0);
      Arrays.fill(gradient, n, keys, 0);
      rows.write(row, keys, type, p);
      rows.write(gradient, keys, type, ds);
    }

    private void write(Place sums, Place to) {
      for (int t = 0; t < time; t++) rows.write(rows.read(0, F, sums.at(t, 0), size), size, type, to.at(t, 0));
    }
  }
}
