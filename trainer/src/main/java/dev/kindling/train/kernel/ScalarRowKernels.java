package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Raw;

/** {@link RowKernels} in plain Java: where there is no Vector API, and the twin that its implementation is tested against. */
final class ScalarRowKernels implements RowKernels {
  private static final float TWO_ROOT = 1.5957691216f;      // 2 √(2/π)
  private static final float CUBIC = 0.044715f;

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
  public void add(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) y[i] += x[i];
  }

  @Override
  public void scale(float[] x, float factor, int n) {
    for (int i = 0; i < n; i++) x[i] *= factor;
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
  public void normGradient(float[] dy, float[] x, float mean, float rstd, float[] scale, float[] dScale, float[] dShift,
      float[] dx, int n) {
    for (int i = 0; i < n; i++) {
      x[i] = (x[i] - mean) * rstd;
      dScale[i] += dy[i] * x[i];
      dShift[i] += dy[i];
      dy[i] *= scale[i];
    }
    float a = sum(dy, n) / n;
    float q = dot(dy, x, n) / n;
    for (int i = 0; i < n; i++) dx[i] = (dy[i] - a - x[i] * q) * rstd;
  }

  @Override
  public void gelu(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      float v = x[i];
      y[i] = v / (1 + exp((v * v * CUBIC + 1) * v * -TWO_ROOT));
    }
  }

  @Override
  public void geluGradient(float[] x, float[] dy, float[] temporary, int n) {
    for (int i = 0; i < n; i++) {
      float v = x[i];
      float s = 1 / (1 + exp((v * v * CUBIC + 1) * v * -TWO_ROOT));
      float w = (v * v * (3 * CUBIC) + 1) * TWO_ROOT * v;
      dy[i] *= (w - w * s + 1) * s;
    }
  }

  @Override
  public float exp(float[] x, float factor, float minus, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
      x[i] = exp(factor * x[i] - minus);
      sum += x[i];
    }
    return (float) sum;
  }

  /** Cephes' expf: 2ⁿ times a polynomial on [-ln 2 / 2, ln 2 / 2], relative error 1e-7; flat outside [-87, 88]. */
  private static float exp(float x) {
    x = Math.max(-87f, Math.min(88f, x));
    float n = Math.round(x * 1.44269504f);
    float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 0.5f;
    p = p * r * r + r + 1;
    return p * Float.intBitsToFloat((int) n + 127 << 23);
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
