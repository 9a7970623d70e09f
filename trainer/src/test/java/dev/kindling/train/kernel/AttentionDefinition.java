package dev.kindling.train.kernel;

import java.util.function.DoubleSupplier;

/** Attention as it is written down, in double precision, with whole matrices of scores; gradients by finite differences. */
final class AttentionDefinition {
  private static final double STEP = 1e-5;
  private final AttentionCase shape;
  private final AttentionInputs inputs;
  private final double scale;
  final double[] q;                              // [batch, heads, queryTime, headDim]
  final double[] k;                              // [batch, keyHeads, keyTime, headDim]
  final double[] v;
  final double[] bias;                           // [heads, distances]

  AttentionDefinition(AttentionCase shape, AttentionInputs inputs) {
    this.shape = shape;
    this.inputs = inputs;
    scale = inputs.form().scale();
    q = AttentionCase.values(inputs.q());
    k = AttentionCase.values(inputs.k());
    v = AttentionCase.values(inputs.v());
    bias = new double[shape.heads() * shape.distances()];
    for (int i = 0; shape.bias() && i < bias.length; i++) bias[i] = Machine.get(inputs.bias(), i);
  }

  /** [batch, heads, queryTime, headDim]. */
  double[] output() {
    double[] y = new double[q.length];
    for (int b = 0; b < shape.batch(); b++) {
      for (int h = 0; h < shape.heads(); h++) {
        int keyHead = b * shape.keyHeads() + h / (shape.heads() / shape.keyHeads());
        for (int t = 0; t < shape.queryTime(); t++) row(b, b * shape.heads() + h, keyHead, h, t, y);
      }
    }
    return y;
  }

  private void row(int sequence, int queryHead, int keyHead, int head, int t, double[] y) {
    int n = shape.headDim();
    int query = (queryHead * shape.queryTime() + t) * n;
    double[] weights = new double[shape.keyTime()];
    double sum = 0;
    for (int s = 0; s < shape.keyTime(); s++) {
      if (!shape.sees(sequence, t, s)) continue;
      double score = 0;
      for (int d = 0; d < n; d++) score += q[query + d] * k[(keyHead * shape.keyTime() + s) * n + d];
      score *= scale;
      if (shape.softcap() > 0) score = shape.softcap() * Math.tanh(score / shape.softcap());
      score += bias[head * shape.distances() + s - t + shape.queryTime() - 1];
      weights[s] = Math.exp(score);
      sum += weights[s];
    }
    for (int s = 0; s < shape.keyTime(); s++) {
      double kept = weights[s] > 0 ? weights[s] / sum * mask(inputs, sequence, head, t, s) : 0;
      for (int d = 0; d < n && kept > 0; d++) { y[query + d] += kept * v[(keyHead * shape.keyTime() + s) * n + d]; }
    }
  }

  /** What dropout multiplies a weight with. */
  static double mask(AttentionInputs inputs, int sequence, int head, int query, int key) {
    return inputs.dropout() == null ? 1 : inputs.dropout().factor(inputs, sequence, head, query, key);
  }

  /** The gradient of the sum of y times dy by some of the inputs' numbers. */
  float[] gradient(double[] input, double[] dy) {
    DoubleSupplier loss = () -> {
      double[] y = output();
      double sum = 0;
      for (int i = 0; i < y.length; i++) sum += y[i] * dy[i];
      return sum;
    };
    float[] gradient = new float[input.length];
    for (int i = 0; i < input.length; i++) {
      double before = input[i];
      input[i] = before + STEP;
      double above = loss.getAsDouble();
      input[i] = before - STEP;
      gradient[i] = (float) ((above - loss.getAsDouble()) / (2 * STEP));
      input[i] = before;
    }
    return gradient;
  }

  static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) floats[i] = (float) values[i];
    return floats;
  }
}
