package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.VectorMath.L;
import static dev.kindling.train.kernel.VectorMath.all;
import static dev.kindling.train.kernel.VectorMath.at;

import jdk.incubator.vector.FloatVector;

/** {@link Activation}s of a row with the Vector API. Each loop is small, as C2 boxes vectors where one is too large. */
final class VectorActivations {
  private static final float TWO_ROOT = 1.5957691216f;      // 2 √(2/π)
  private static final float CUBIC = 0.044715f;
  private static final float HALF_ROOT = 0.70710678f;       // 1/√2
  private static final float DENSITY = 0.39894228f;         // 1/√(2π)

  private VectorActivations() {
  }

  static void activate(Activation a, float[] x, float[] y, int n) {
    switch (a) {
      case GELU_TANH -> {
        for (int i = 0; i < n; i += L) at(x, i).div(VectorMath.exp(exponent(at(x, i))).add(1f)).intoArray(y, i);
      }
      case GELU_ERF -> {
        for (int i = 0; i < n; i += L) at(x, i).mul(normal(at(x, i))).intoArray(y, i);
      }
      case RELU -> {
        for (int i = 0; i < n; i += L) at(x, i).max(0f).intoArray(y, i);
      }
      case SILU -> {
        for (int i = 0; i < n; i += L) at(x, i).div(VectorMath.exp(at(x, i).neg()).add(1f)).intoArray(y, i);
      }
      case TANH -> {
        for (int i = 0; i < n; i += L) VectorMath.tanh(at(x, i)).intoArray(y, i);
      }
    }
  }

  static void activateWithSlope(Activation a, float[] x, float[] value, int n) {
    switch (a) {
      case GELU_TANH -> {
        sigmoidOfCube(x, value, n);
        geluTanhSlope(x, value, n);
      }
      case GELU_ERF -> {
        normals(x, value, n);
        geluErfSlope(x, value, n);
      }
      case RELU -> reluSlope(x, value, n);
      case SILU -> {
        sigmoid(x, value, n);
        siluSlope(x, value, n);
      }
      case TANH -> {
        activate(a, x, value, n);
        for (int i = 0; i < n; i += L) all(1f).sub(at(value, i).mul(at(value, i))).intoArray(x, i);
      }
    }
  }

  /** -2u of x σ(2u) = x/2 (1 + tanh u). */
  private static FloatVector exponent(FloatVector x) {
    return x.mul(x).mul(CUBIC).add(1f).mul(x).mul(-TWO_ROOT);
  }

  /** Φ(x). */
  private static FloatVector normal(FloatVector x) {
    return VectorMath.erf(x.mul(HALF_ROOT)).fma(all(0.5f), all(0.5f));
  }

  private static void sigmoidOfCube(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) all(1f).div(VectorMath.exp(exponent(at(x, i))).add(1f)).intoArray(y, i);
  }

  private static void sigmoid(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) all(1f).div(VectorMath.exp(at(x, i).neg()).add(1f)).intoArray(y, i);
  }

  private static void normals(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) normal(at(x, i)).intoArray(y, i);
  }

  private static void geluTanhSlope(float[] x, float[] sigmoid, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = at(x, i);
      FloatVector s = at(sigmoid, i);
      FloatVector w = v.mul(v).mul(3 * CUBIC).add(1f).mul(TWO_ROOT).mul(v);
      w.sub(w.mul(s)).add(1f).mul(s).intoArray(x, i);
      v.mul(s).intoArray(sigmoid, i);
    }
  }

  private static void geluErfSlope(float[] x, float[] normal, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = at(x, i);
      FloatVector p = at(normal, i);
      FloatVector density = VectorMath.exp(v.mul(v).mul(-0.5f)).mul(DENSITY);
      v.fma(density, p).intoArray(x, i);
      v.mul(p).intoArray(normal, i);
    }
  }

  private static void reluSlope(float[] x, float[] value, int n) {
    for (int i = 0; i < n; i++) {                          // C2 makes vectors of this by itself
      value[i] = Math.max(x[i], 0);
      x[i] = x[i] > 0 ? 1 : 0;
    }
  }

  private static void siluSlope(float[] x, float[] sigmoid, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = at(x, i);
      FloatVector s = at(sigmoid, i);
      FloatVector y = v.mul(s);
      y.sub(y.mul(s)).add(s).intoArray(x, i);
      y.intoArray(sigmoid, i);
    }
  }
}
