package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/** Attention in plain Java, one row of weights at a time, sums in double. */
final class PlainAttention {
  private final WorkerPool pool;

  PlainAttention(WorkerPool pool) {
    this.pool = pool;
  }

  void forward(AttentionInputs in, Heads y, Tensor logSumExp) {
    pool.run(in.batch() * in.heads(), (i, worker) -> {
      Head head = new Head(in, i / in.heads(), i % in.heads());
      double[] out = new double[in.queryTime() * in.headDim()];
      double[] p = new double[in.keyTime()];
      for (int t = 0; t < in.queryTime(); t++) {
        double log = head.weights(t, p);
        if (logSumExp != null) Raw.putFloat(head.at(logSumExp, t), (float) log);
        head.weigh(t, p, out);
      }
      write(out, y, head.sequence, head.head);
    });
  }

  /** Each key head of each sequence by one worker, which takes the query heads of its group in their order. */
  void backward(AttentionInputs in, Tensor logSumExp, Heads dy, AttentionGradients to) {
    double[][] dBias = new double[in.batch() * in.heads()][];
    pool.run(in.batch() * in.k().count(), (i, worker) -> {
      int sequence = i / in.k().count();
      int keyHead = i % in.k().count();
      double[] dk = new double[in.keyTime() * in.headDim()];
      double[] dv = dk.clone();
      for (int h = keyHead * in.group(); h < (keyHead + 1) * in.group(); h++) {
        double[] dq = new double[in.queryTime() * in.headDim()];
        double[] bias = new double[in.distances()];
        new Head(in, sequence, h).backward(logSumExp, read(dy, sequence, h), dq, dk, dv, bias);
        dBias[sequence * in.heads() + h] = bias;
        write(dq, to.q(), sequence, h);
      }
      write(dk, to.k(), sequence, keyHead);
      write(dv, to.v(), sequence, keyHead);
    });
    if (to.bias() != null) addOverTheBatch(dBias, in, PlainMatrix.of(to.bias()));
  }

  private static void addOverTheBatch(double[][] parts, AttentionInputs in, PlainMatrix to) {
    for (int h = 0; h < in.heads(); h++) {
      for (int c = 0; c < in.distances(); c++) {
        double sum = 0;
        for (int sequence = 0; sequence < in.batch(); sequence++) sum += parts[sequence * in.heads() + h][c];
        to.put(h, c, (float) (to.get(h, c) + sum));
      }
    }
  }

  /** One head of one sequence as a matrix [time, headDim]. */
  private static PlainMatrix matrix(Heads heads, int sequence, int head) {
    Tensor rows = heads.rows();
    long columns = rows.dim(2);
    long from = sequence * rows.dim(1) * columns + heads.column(head);
    return new PlainMatrix(rows.address() + from * rows.type().bytes(), rows.type(), rows.dim(1), heads.headDim(),
        columns, 1, false);
  }

  private static float[] read(Heads heads, int sequence, int head) {
    float[] all = new float[Math.multiplyExact(heads.time(), heads.headDim())];
    matrix(heads, sequence, head).read(0, heads.time(), 0, heads.headDim(), all, heads.headDim());
    return all;
  }

  private static void write(double[] values, Heads heads, int sequence, int head) {
    PlainMatrix to = matrix(heads, sequence, head);
    for (int t = 0; t < heads.time(); t++) {
      for (int d = 0; d < heads.headDim(); d++) to.put(t, d, (float) values[t * heads.headDim() + d]);
    }
  }

  /** One query head of one sequence. */
  private static final class Head {
    private final AttentionInputs in;
    private final int sequence;
    private final int head;
    private final int n;                         // of a head
    private final float[] q;
    private final float[] k;
    private final float[] v;

    Head(AttentionInputs in, int sequence, int head) {
      this.in = in;
      this.sequence = sequence;
      this.head = head;
      n = in.headDim();
      q = read(in.q(), sequence, head);
      k = read(in.k(), sequence, head / in.group());
      v = read(in.v(), sequence, head / in.group());
    }

    long at(Tensor logSumExp, int t) {
      return logSumExp.address() + (((long) sequence * in.heads() + head) * in.queryTime() + t) * Float.BYTES;
    }

    /** The score before its bias. */
    private double capped(int t, int s) {
      double score = dot(q, t * n, k, s * n, n) * in.form().scale();
      double cap = in.form().softcap();
      return cap == 0 ? score : cap * Math.tanh(score / cap);
    }

    private double bias(int t, int s) {
      if (in.bias() == null) return 0;
      long column = (long) head * in.distances() + in.distance(t, s);
      return Raw.getFloat(in.bias().address() + column * Float.BYTES);
    }

    private double mask(int t, int s) {
      return in.dropout() == null ? 1 : in.dropout().factor(in, sequence, head, t, s);
    }

    /** p[s] = softmax of the scores of the keys that query t sees. @return the log of the sum of the exponentials */
    double weights(int t, double[] p) {
      int from = in.from(sequence, t);
      int to = in.to(sequence, t);
      if (from >= to) return 0;
      double most = Double.NEGATIVE_INFINITY;
      for (int s = from; s < to; s++) {
        p[s] = capped(t, s) + bias(t, s);
        most = Math.max(most, p[s]);
      }
      double sum = 0;
      for (int s = from; s < to; s++) sum += p[s] = Math.exp(p[s] - most);
      for (int s = from; s < to; s++) p[s] /= sum;
      return most + Math.log(sum);
    }

    void weigh(int t, double[] p, double[] out) {
      for (int s = in.from(sequence, t); s < in.to(sequence, t); s++) {
        double kept = p[s] * mask(t, s);
        for (int d = 0; d < n; d++) out[t * n + d] += kept * v[s * n + d];
      }
    }

    void backward(Tensor logSumExp, float[] dOut, double[] dq, double[] dk, double[] dv, double[] dBias) {
      double[] p = new double[in.keyTime()];
      double[] dp = new double[in.keyTime()];
      for (int t = 0; t < in.queryTime(); t++) {
        double log = Raw.getFloat(at(logSumExp, t));
        double mean = 0;                         // Σ p dp of the row
        for (int s = in.from(sequence, t); s < in.to(sequence, t); s++) {
          p[s] = Math.exp(capped(t, s) + bias(t, s) - log);
          dp[s] = mask(t, s) * dot(dOut, t * n, v, s * n, n);
          mean += p[s] * dp[s];
        }
        for (int s = in.from(sequence, t); s < in.to(sequence, t); s++) {
          double ds = p[s] * (dp[s] - mean);
          dBias[in.distance(t, s)] += ds;
          if (in.form().softcap() > 0) {         // tanh' = 1 - tanh²
            double tanh = capped(t, s) / in.form().softcap();
            ds *= 1 - tanh * tanh;
          }
          ds *= in.form().scale();
          double kept = p[s] * mask(t, s);
          for (int d = 0; d < n; d++) {
            dv[s * n + d] += kept * dOut[t * n + d];
            dq[t * n + d] += ds * k[s * n + d];
            dk[s * n + d] += ds * q[t * n + d];
          }
        }
      }
    }

    private static double dot(float[] a, int aAt, float[] b, int bAt, int n) {
      double sum = 0;
      for (int d = 0; d < n; d++) sum += (double) a[aAt + d] * b[bAt + d];
      return sum;
    }
  }
}
