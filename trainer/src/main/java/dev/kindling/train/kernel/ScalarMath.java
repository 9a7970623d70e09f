package dev.kindling.train.kernel;

/** Elementary functions in float32, as {@link VectorMath} has them for vectors. */
final class ScalarMath {
  /** Where erf is 1 in float32. */
  static final float ERF_END = 3.9192f;
  // P and Q of {@link #erf}, highest power first
  static final float P5 = 2.0507136e-6f;
  static final float P4 = 2.8487136e-4f;
  static final float P3 = 3.7640526e-3f;
  static final float P2 = 5.2743996e-2f;
  static final float P1 = 1.9036696e-1f;
  static final float P0 = 1.1283791464f;
  static final float Q5 = 3.8097581e-5f;
  static final float Q4 = 1.1621999e-3f;
  static final float Q3 = 1.4966072e-2f;
  static final float Q2 = 1.1409323e-1f;
  static final float Q1 = 5.0204107e-1f;

  private ScalarMath() {
  }

  /** Cephes' expf: 2ⁿ times a polynomial on [-ln 2 / 2, ln 2 / 2], relative error 1e-7; flat outside [-87, 88]. */
  static float exp(float x) {
    x = Math.max(-87f, Math.min(88f, x));
    float n = Math.round(x * 1.44269504f);
    float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    return (tail(r) * r + r + 1) * power(n);
  }

  private static float power(float n) {
    return Float.intBitsToFloat((int) n + 127 << 23);
  }

  /** (eʳ - 1 - r) / r on [-ln 2 / 2, ln 2 / 2]. */
  private static float tail(float r) {
    float p = 1.9875691500e-4f * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    return (p * r + 0.5f) * r;
  }

  /** eˣ - 1 = 2ⁿ (eʳ - 1) + (2ⁿ - 1) with {@link #exp}'s n and r: right to its last digits near 0 too. */
  private static float expMinusOne(float x) {
    x = Math.max(-87f, Math.min(88f, x));
    float n = Math.round(x * 1.44269504f);
    float r = x - n * 0.693359375f + n * 2.12194440e-4f;
    return (tail(r) * r + r) * power(n) + (power(n) - 1);
  }

  /** (e²ˣ - 1) / (e²ˣ + 1). */
  static float tanh(float x) {
    float e = expMinusOne(Math.min(x + x, 40f));
    return e / (e + 2);
  }

  /**
   * x P(x²) / Q(x²) on [-3.9192, 3.9192], a rational approximation in the manner of Cody 1969 (Math. Comp. 23, 631-637) over one
   * interval: both of degree 5, fitted to the smallest largest relative error, 1.9e-8; with float32's rounding 4e-7.
   */
  static float erf(float x) {
    x = Math.max(-ERF_END, Math.min(ERF_END, x));
    float s = x * x;
    float p = ((((P5 * s + P4) * s + P3) * s + P2) * s + P1) * s + P0;
    float q = ((((Q5 * s + Q4) * s + Q3) * s + Q2) * s + Q1) * s + 1;
    return Math.max(-1, Math.min(1, x * p / q));
  }
}
