package dev.kindling.train.kernel;

/** {@link Activation}s of a row in plain Java: the twin of {@link VectorActivations}. */
final class ScalarActivations {
  private static final float TWO_ROOT = 1.5957691216f;      // 2 √(2/π)
  private static final float CUBIC = 0.044715f;
  private static final float HALF_ROOT = 0.70710678f;       // 1/√2
  private static final float DENSITY = 0.39894228f;         // 1/√(2π)

  private ScalarActivations() {
  }

  static void activate(Activation a, float[] x, float[] y, int n) {
    for (int i = 0; i < n; i++) {
      float v = x[i];
      y[i] = switch (a) {
        case GELU_TANH -> v / (1 + ScalarMath.exp((v * v * CUBIC + 1) * v * -TWO_ROOT));
        case GELU_ERF -> v * normal(v);
        case RELU -> Math.max(v, 0);
        case SILU -> v / (1 + ScalarMath.exp(-v));
        case TANH -> ScalarMath.tanh(v);
      };
    }
  }

  static void activateWithSlope(Activation a, float[] x, float[] value, int n) {
    activate(a, x, value, n);
    for (int i = 0; i < n; i++) x[i] = slope(a, x[i], value[i]);
  }

  private static float slope(Activation a, float x, float value) {
    switch (a) {
      case GELU_TANH : {
        float s = 1 / (1 + ScalarMath.exp((x * x * CUBIC + 1) * x * -TWO_ROOT));
        float w = (x * x * (3 * CUBIC) + 1) * TWO_ROOT * x;
        return (w - w * s + 1) * s;
      }
      case GELU_ERF :
        return normal(x) + x * DENSITY * ScalarMath.exp(x * x * -0.5f);
      case RELU :
        return x > 0 ? 1 : 0;
      case SILU : {
        float s = 1 / (1 + ScalarMath.exp(-x));
        return s + value - value * s;
      }
      case TANH :
        return 1 - value * value;
      default :
        throw new AssertionError(a);
    }
  }

  /** Φ(x). */
  private static float normal(float x) {
    return 0.5f + 0.5f * ScalarMath.erf(x * HALF_ROOT);
  }
}
