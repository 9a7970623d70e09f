package dev.kindling.train.kernel;

import dev.kindling.train.tensor.DType;

/**
 * Turns rows of products q·k of one head into scores as {@link AttentionForm} and the bias have it, and gradients by scores
 * into those by products. Uses rows 4 and 5 of the worker.
 */
record AttentionScores(AttentionInputs in, int head, Rows rows) {
  private static final int TANH = 4;
  private static final int BIAS = 5;

  /** @return the factor by which the row is still to be multiplied: the softmax does it on the way */
  float of(float[] products, int n, int query, int key) {
    float scale = in.form().scale();
    float cap = in.form().softcap();
    if (cap == 0 && in.bias() == null) return scale;
    rows.kernels().scale(products, cap > 0 ? scale / cap : scale, n);
    if (cap > 0) {
      float[] tanh = rows.row(TANH, n);
      rows.kernels().activate(Activation.TANH, products, tanh, n);
      System.arraycopy(tanh, 0, products, 0, n);
      rows.kernels().scale(products, cap, n);
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
    if (cap > 0) uncap(dp, rows.row(TANH, n), scale, n);
    else rows.kernels().scale(dp, scale, n);
  }

  /** Plain loops that the compiler turns into vectors by itself; tanh' = 1 - tanh². */
  private static void uncap(float[] gradient, float[] tanh, float scale, int n) {
    for (int i = 0; i < n; i++) gradient[i] *= scale * (1 - tanh[i] * tanh[i]);
  }

  private static void addAt(float[] x, float[] y, int at, int n) {
    for (int i = 0; i < n; i++) y[at + i] += x[i];
  }
}
