package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/**
 * Causal attention in plain Java, one row of weights at a time, sums in double; each head of each sequence by one
 * worker.
 */
final class PlainAttention {
  private final WorkerPool pool;

  PlainAttention(WorkerPool pool) {
    this.pool = pool;
  }

  /** One head of one sequence. Part 0, 1, 2 of qkv are queries, keys, values. */
  private record Head(int sequence, int head, int heads, long time, int headDim, int length) {
    static Head of(int block, int heads, Tensor qkv, Tensor lengths) {
      int sequence = block / heads;
      long time = qkv.dim(1);
      int length = lengths == null ? (int) time : Raw.getInt(lengths.address() + 4L * sequence);
      return new Head(sequence, block % heads, heads, time, (int) (qkv.dim(2) / (3L * heads)), length);
    }

    /** All positions of this head, [time, headDim] on the heap; zero past the length. */
    float[] read(Tensor x, int part) {
      float[] all = new float[Math.toIntExact(time * headDim)];
      part(x, part).read(0, length, 0, headDim, all, headDim);
      return all;
    }

    void write(double[] values, Tensor x, int part) {
      PlainMatrix to = part(x, part);
      for (int t = 0; t < time; t++) {
        for (int d = 0; d < headDim; d++) to.put(t, d, t < length ? (float) values[t * headDim + d] : 0);
      }
    }

    private PlainMatrix part(Tensor x, int part) {
      long width = x.dim(2);
      long from = sequence * time * width + ((long) part * heads + head) * headDim;
      return new PlainMatrix(x.address() + from * x.type().bytes(), x.type(), time, headDim, width, 1, false);
    }

    long logSumExp(Tensor logSumExp, int t) {
      return logSumExp.address() + (((long) sequence * heads + head) * time + t) * Float.BYTES;
    }

    double scale() {
      return 1 / Math.sqrt(headDim);
    }
  }

  void forward(Tensor qkv, int heads, Tensor lengths, Tensor y, Tensor logSumExp) {
    pool.run(Math.toIntExact(qkv.dim(0) * heads), (block, worker) -> {
      Head head = Head.of(block, heads, qkv, lengths);
      int n = head.headDim;
      float[] q = head.read(qkv, 0);
      float[] k = head.read(qkv, 1);
      float[] v = head.read(qkv, 2);
      double[] out = new double[q.length];
      double[] p = new double[head.length];
      for (int t = 0; t < head.time; t++) {
        double log = t < head.length ? softmax(q, t * n, k, t + 1, n, head.scale(), p) : 0;
        Raw.putFloat(head.logSumExp(logSumExp, t), (float) log);
        if (t < head.length) weigh(p, v, t + 1, n, out, t * n);
      }
      head.write(out, y, 0);
    });
  }

  void backward(Tensor qkv, int heads, Tensor lengths, Tensor y, Tensor logSumExp, Tensor dy, Tensor dqkv) {
    pool.run(Math.toIntExact(qkv.dim(0) * heads), (block, worker) -> {
      Head head = Head.of(block, heads, qkv, lengths);
      int n = head.headDim;
      float[] q = head.read(qkv, 0);
      float[] k = head.read(qkv, 1);
      float[] v = head.read(qkv, 2);
      float[] out = head.read(y, 0);
      float[] dOut = head.read(dy, 0);
      double[] dq = new double[q.length];
      double[] dk = new double[q.length];
      double[] dv = new double[q.length];
      for (int t = 0; t < head.length; t++) {
        double log = Raw.getFloat(head.logSumExp(logSumExp, t));
        double mean = dot(dOut, t * n, out, t * n, n);     // Σ p dp of the row
        for (int s = 0; s <= t; s++) {
          double p = Math.exp(dot(q, t * n, k, s * n, n) * head.scale() - log);
          double ds = p * (dot(dOut, t * n, v, s * n, n) - mean) * head.scale();
          for (int d = 0; d < n; d++) {
            dv[s * n + d] += p * dOut[t * n + d];
            dq[t * n + d] += ds * k[s * n + d];
            dk[s * n + d] += ds * q[t * n + d];
          }
        }
      }
      head.write(dq, dqkv, 0);
      head.write(dk, dqkv, 1);
      head.write(dv, dqkv, 2);
    });
  }

  void one(Tensor q, Tensor keys, Tensor values, long length, int heads, Tensor y) {
    int n = (int) (q.size() / heads);
    int count = Math.toIntExact(length);
    pool.run(heads, (head, worker) -> {
      float[] query = new float[n];
      float[] k = new float[count * n];
      float[] v = new float[count * n];
      double[] out = new double[n];
      double[] p = new double[count];
      Raw.copy(q.address() + 4L * head * n, query, 0, n);
      for (int s = 0; s < count; s++) {
        long at = ((long) s * heads + head) * n * Float.BYTES;
        Raw.copy(keys.address() + at, k, s * n, n);
        Raw.copy(values.address() + at, v, s * n, n);
      }
      softmax(query, 0, k, count, n, 1 / Math.sqrt(n), p);
      weigh(p, v, count, n, out, 0);
      for (int d = 0; d < n; d++) Raw.putFloat(y.address() + 4L * (head * n + d), (float) out[d]);
    });
  }

  /** p[s] = softmax over s of q · k[s] scale, for s < count. @return the log of the sum of the exponentials */
  private static double softmax(float[] q, int at, float[] k, int count, int n, double scale, double[] p) {
    double most = Double.NEGATIVE_INFINITY;
    for (int s = 0; s < count; s++) {
      p[s] = dot(q, at, k, s * n, n) * scale;
      most = Math.max(most, p[s]);
    }
    double sum = 0;
    for (int s = 0; s < count; s++) sum += p[s] = Math.exp(p[s] - most);
    for (int s = 0; s < count; s++) p[s] /= sum;
    return most + Math.log(sum);
  }

  private static void weigh(double[] p, float[] v, int count, int n, double[] out, int at) {
    for (int s = 0; s < count; s++) { for (int d = 0; d < n; d++) out[at + d] += p[s] * v[s * n + d]; }
  }

  private static double dot(float[] a, int aAt, float[] b, int bAt, int n) {
    double sum = 0;
    for (int d = 0; d < n; d++) sum += (double) a[aAt + d] * b[bAt + d];
    return sum;
  }
}
