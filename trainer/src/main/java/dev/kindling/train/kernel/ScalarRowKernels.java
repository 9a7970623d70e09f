package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Raw;

/** {@link RowKernels} in plain Java: where there is no Vector API, and the twin that its implementation is tested against. */
final class ScalarRowKernels implements RowKernels {
  @Override
  public String describe() {
    return "plain Java rows";
  }

  @Override
  public void widen(short[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) y[i] = Raw.toFloat(x[i]);
  }

  @Override
  public void narrow(float[] x, short[] y, int n) {
    for (int i = 0; i < n; i++) y[i] = Raw.toBfloat16(x[i]);
  }

  @Override
  public void narrowLower(float[] x, int[] pairs, int at, int n) {
    for (int i = 0; i < n; i++) pairs[at + i] = Raw.toBfloat16(x[i]) & 0xffff;
  }

  @Override
  public void narrowUpper(float[] x, int[] pairs, int at, int n) {
    for (int i = 0; i < n; i++) pairs[at + i] = pairs[at + i] & 0xffff | Raw.toBfloat16(x[i]) << 16;
  }

  @Override
  public void add(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) y[i] += x[i];
  }

  @Override
  public void addWidened(short[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) y[i] += Raw.toFloat(x[i]);
  }

  @Override
  public void multiply(float[] by, float[] x, int n) {
    for (int i = 0; i < n; i++) x[i] *= by[i];
  }

  @Override
  public void scale(float[] x, float factor, int n) {
    for (int i = 0; i < n; i++) x[i] *= factor;
  }

  @Override
  public void scaleHalves(short[] x, float factor, int n) {
    for (int i = 0; i < n; i++) x[i] = Raw.toBfloat16(Raw.toFloat(x[i]) * factor);
  }

  @Override
  public void addScaled(float[] x, float factor, float[] y, int n) {
    for (int i = 0; i < n; i++) y[i] += factor * x[i];
  }

  @Override
  public float sum(float[] x, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i];
    return (float) sum;
  }

  @Override
  public float max(float[] x, int n) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) max = Math.max(max, x[i]);
    return max;
  }

  @Override
  public float dot(float[] x, float[] y, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double) x[i] * y[i];
    return (float) sum;
  }

  @Override
  public float squaredDistance(float[] x, float mean, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double d = x[i] - mean;
      sum += d * d;
    }
    return (float) sum;
  }

  @Override
  public void normalize(float[] x, float mean, float rstd, float[] scale, float[] shift, float[] y, int n) {
    for (int i = 0; i < n; i++) y[i] = (x[i] - mean) * rstd * scale[i] + shift[i];
  }

  @Override
  public void normGradient(float[] dy, float[] x, boolean centered, float mean, float rstd, float[] scale,
      float[] dScale,
      float[] dShift, float[] dx, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = (x[i] - mean) * rstd;
      dScale[i] += dy[i] * x[i];
      dShift[i] += dy[i];
      dy[i] *= scale[i];
    }
    float a = centered ? sum(dy, n) / n : 0;
    float q = dot(dy, x, n) / n;
    for (int i = 0; i < n; i++) dx[i] = (dy[i] - a - x[i] * q) * rstd;
  }

  @Override
  public void activate(Activation a, float[] x, float[] y, int n) {
    ScalarActivations.activate(a, x, y, n);
  }

  @Override
  public void activateWithSlope(Activation a, float[] x, float[] value, float[] temporary, int n) {
    ScalarActivations.activateWithSlope(a, x, value, n);
  }

  @Override
  public void rotate(float[] x, int at, float[] cos, float[] sin, int half) {
    for (int i = 0; i < half; i++) {
      float a = x[at + i];
      float b = x[at + half + i];
      x[at + i] = a * cos[i] - b * sin[i];
      x[at + half + i] = b * cos[i] + a * sin[i];
    }
  }

  @Override
  public void mask(float[] x, long bits, int threshold, float factor, int n) {
    for (int i = 0; i < n; i++) x[i] = KeepMask.keeps(bits, i, threshold) ? x[i] * factor : 0;
  }

  @Override
  public void exp(float[] x, float factor, float minus, int n) {
    for (int i = 0; i < n; i++) x[i] = ScalarMath.exp(factor * x[i] - minus);
  }

  @Override
  public void softmaxGradient(float[] p, float[] dp, float inner, float factor, int n) {
    for (int i = 0; i < n; i++) dp[i] = (dp[i] - inner) * p[i] * factor;
  }

  @Override
  public void adamw(float[] w, float[] g, float[] m, float[] v, AdamWStep step, int n) {
    float rest1 = 1 - step.beta1();
    float rest2 = 1 - step.beta2();
    for (int i = 0; i < n; i++) {
      float gradient = g[i] * step.gradientScale();
      m[i] = m[i] * step.beta1() + gradient * rest1;
      v[i] = v[i] * step.beta2() + gradient * gradient * rest2;
      float root = (float) Math.sqrt(v[i]) * step.rootCorrection() + step.epsilon();
      w[i] = w[i] * step.keep() - m[i] * step.rate() / root;
    }
  }
}
