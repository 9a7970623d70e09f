package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.VectorMath.L;
import static dev.kindling.train.kernel.VectorMath.S;
import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.VectorOperators.ASHR;

import java.util.EnumMap;
import java.util.Map;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * {@link Activation}s of a row with the Vector API: passes over a row in the first-level cache, each a small loop. They are called
 * through one interface, so that C2 does not inline several into one method: it boxes vectors where there are too many of their
 * operations (seen: 10 times slower).
 */
final class VectorActivations {
  private static final float TWO_ROOT = 1.5957691216f;      // 2 √(2/π)
  private static final float CUBIC = 0.044715f;
  private static final float HALF_ROOT = 0.70710678f;       // 1/√2
  private static final float DENSITY = 0.39894228f;         // 1/√(2π)
  private static final int ONE = Float.floatToIntBits(1);

  private VectorActivations() {
  }

  /** x is what was given and may become the slope; y becomes the value; t is free. */
  @FunctionalInterface
  private interface Pass {
    void run(float[] x, float[] y, float[] t, int n);
  }

  private static final Map<Activation, Pass[]> VALUES = new EnumMap<>(Activation.class);
  private static final Map<Activation, Pass[]> SLOPES = new EnumMap<>(Activation.class);

  static {
    Pass exponents = (x, y, t, n) -> exponents(x, y, n);
    Pass exp = (x, y, t, n) -> VectorMath.exp(y, 1, 0, y, n);
    Pass negativeExp = (x, y, t, n) -> VectorMath.exp(x, -1, 0, y, n);
    Pass divide = (x, y, t, n) -> divideByOneMore(x, y, n);
    Pass erf = (x, y, t, n) -> VectorMath.erf(x, HALF_ROOT, y, n);
    Pass relu = (x, y, t, n) -> relu(x, y, n);
    Pass exp2 = (x, y, t, n) -> VectorMath.expOfTwiceMinusOne(x, y, n);
    Pass ratio = (x, y, t, n) -> VectorMath.divideByTwoMore(y, n);
    values(Activation.GELU_TANH, exponents, exp, divide);
    values(Activation.GELU_ERF, erf, (x, y, t, n) -> timesNormal(x, y, n));
    values(Activation.RELU, relu);
    values(Activation.SILU, negativeExp, divide);
    values(Activation.TANH, exp2, ratio);
    slopes(Activation.GELU_TANH, exponents, exp, (x, y, t, n) -> geluTanhSlope(x, y, n));
    slopes(Activation.GELU_ERF, erf, (x, y, t, n) -> halfSquares(x, t, n),
        (x, y, t, n) -> VectorMath.exp(t, 1, 0, t, n), (x, y, t, n) -> geluErfSlope(x, y, t, n));
    slopes(Activation.RELU, relu, (x, y, t, n) -> reluSlope(y, x, n));
    slopes(Activation.SILU, negativeExp, (x, y, t, n) -> siluSlope(x, y, n));
    slopes(Activation.TANH, exp2, ratio, (x, y, t, n) -> tanhSlope(y, x, n));
  }

  private static void values(Activation a, Pass... passes) {
    VALUES.put(a, passes);
  }

  private static void slopes(Activation a, Pass... passes) {
    SLOPES.put(a, passes);
  }

  static void activate(Activation a, float[] x, float[] y, int n) {
    for (Pass pass : VALUES.get(a)) pass.run(x, y, null, n);
  }

  static void activateWithSlope(Activation a, float[] x, float[] value, float[] temporary, int n) {
    for (Pass pass : SLOPES.get(a)) pass.run(x, value, temporary, n);
  }

  /** y = -2u of x σ(2u) = x/2 (1 + tanh u). */
  private static void exponents(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = fromArray(S, x, i);
      v.mul(v).mul(CUBIC).add(1f).mul(v).mul(-TWO_ROOT).intoArray(y, i);
    }
  }

  /** y = x / (1 + y), as the slopes' passes have it: so both give the same bits. */
  private static void divideByOneMore(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) fromArray(S, x, i).div(fromArray(S, y, i).add(1f)).intoArray(y, i);
  }

  /** y = x (1 + y) / 2. */
  private static void timesNormal(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L)
      fromArray(S, y, i).fma(broadcast(S, 0.5f), broadcast(S, 0.5f)).mul(fromArray(S, x, i)).intoArray(y, i);
  }

  private static void relu(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) fromArray(S, x, i).max(0f).intoArray(y, i);
  }

  /** 1 where the value is more than 0: minus its bits is negative then. */
  private static void reluSlope(float[] value, float[] slope, int n) {
    for (int i = 0; i < n; i += L) {
      IntVector bits = fromArray(S, value, i).reinterpretAsInts();
      bits.neg().lanewise(ASHR, 31).and(ONE).reinterpretAsFloats().intoArray(slope, i);
    }
  }

  private static void tanhSlope(float[] value, float[] slope, int n) {
    for (int i = 0; i < n; i += L)
      broadcast(S, 1f).sub(fromArray(S, value, i).mul(fromArray(S, value, i))).intoArray(slope, i);
  }

  /** @param exponential e to what {@link #exponents} gives; then the value */
  private static void geluTanhSlope(float[] x, float[] exponential, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = fromArray(S, x, i);
      FloatVector more = fromArray(S, exponential, i).add(1f);
      FloatVector s = broadcast(S, 1f).div(more);
      FloatVector w = v.mul(v).mul(3 * CUBIC).add(1f).mul(TWO_ROOT).mul(v);
      w.sub(w.mul(s)).add(1f).mul(s).intoArray(x, i);
      v.div(more).intoArray(exponential, i);
    }
  }

  private static void halfSquares(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) fromArray(S, x, i).mul(fromArray(S, x, i)).mul(-0.5f).intoArray(y, i);
  }

  /** @param erf of x/√2; then the value; @param exponential e^(-x²/2) */
  private static void geluErfSlope(float[] x, float[] erf, float[] exponential, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = fromArray(S, x, i);
      FloatVector p = fromArray(S, erf, i).fma(broadcast(S, 0.5f), broadcast(S, 0.5f));
      v.mul(DENSITY).fma(fromArray(S, exponential, i), p).intoArray(x, i);
      v.mul(p).intoArray(erf, i);
    }
  }

  /** @param exponential e⁻ˣ; then the value */
  private static void siluSlope(float[] x, float[] exponential, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = fromArray(S, x, i);
      FloatVector more = fromArray(S, exponential, i).add(1f);
      FloatVector s = broadcast(S, 1f).div(more);
      FloatVector y = v.div(more);
      y.sub(y.mul(s)).add(s).intoArray(x, i);
      y.intoArray(exponential, i);
    }
  }
}
