package dev.kindling.train.kernel;

import dev.kindling.train.tensor.DType;

/**
 * Turns rows of products q·k of one head into scores as {@link AttentionForm} and the bias have it, and gradients by scores
 * into those by products. Uses rows 4 and 5 of the worker.
 */
record AttentionScores(AttentionInputs in, int head, Rows rows) {
  private static final int CAPPED = 4;
  private static final int BIAS = 5;

  /** @return the factor by which the row is still to be multiplied: the softmax does it on the way */
  float of(float[] products, int n, int query, int key) {
    float scale = in.form().scale();
    float cap = in.form().softcap();
    if (cap == 0 && in.bias() == null) return scale;
    if (cap > 0) {
      cap(products, scale / cap, cap, n);
      System.arraycopy(products, 0, rows.row(CAPPED, n), 0, n);
    } else {
      rows.kernels().scale(products, scale, n);
    }
    if (in.bias() != null) {
      long column = (long) head * in.distances() + in.distance(query, key);
      rows.kernels().add(rows.read(BIAS, DType.FLOAT32, in.bias().address() + 4 * column, n), products, n);
    }
    return 1;
  }

  /**
   * The way back of a row that {@link #of} was called for last: dp = dot · p (dp - inner) with what becomes of the scores.
   *
   * @param p softmax of the scores; @param inner the sum of p dp over all keys; @param dBias added to, or null
   */
  void gradient(float[] p, float[] dp, float inner, int n, int query, int key, float[] dBias) {
    float scale = in.form().scale();
    float cap = in.form().softcap();
    boolean plain = cap == 0 && dBias == null;
    rows.kernels().softmaxGradient(p, dp, inner, plain ? scale : 1, n);
    if (plain) return;
    if (dBias != null) addAt(dp, dBias, in.distance(query, key), n);
    if (cap > 0) uncap(dp, rows.row(CAPPED, n), scale, 1 / cap, n);
    else rows.kernels().scale(dp, scale, n);
  }

  /** Plain loops that the compiler turns into vectors by itself. */
  private static void cap(float[] x, float factor, float cap, int n) {
    for (int i = 0; i < n; i++) x[i] = cap * tanh(x[i] * factor);
  }

  private static void uncap(float[] gradient, float[] capped, float scale, float inverse, int n) {
    for (int i = 0; i < n; i++) {
      float tanh = capped[i] * inverse;
      gradient[i] *= scale * (1 - tanh * tanh);
    }
  }

  private static void addAt(float[] x, float[] y, int at, int n) {
    for (int i = 0; i < n; i++) y[at + i] += x[i];
  }

  /** A quotient of polynomials, relative error 3e-7; 1 past 7.9. */
  static float tanh(float value) {
    float x = Math.max(-7.9f, Math.min(7.9f, value));
    float s = x * x;
    float p = s * -2.76076847742355e-16f + 2.00018790482477e-13f;
    p = p * s - 8.60467152213735e-11f;
    p = p * s + 5.12229709037114e-08f;
    p = p * s + 1.48572235717979e-05f;
    p = p * s + 6.37261928875436e-04f;
    p = p * s + 4.89352455891786e-03f;
    float q = s * 1.19825839466702e-06f + 1.18534705686654e-04f;
    q = q * s + 2.26843463243900e-03f;
    q = q * s + 4.89352518554385e-03f;
    return x * p / q;
  }
}
