package dev.kindling.train.kernel;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
import static jdk.incubator.vector.VectorOperators.LSHL;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Elementary functions of a row with the Vector API; {@link ScalarMath} is the twin. Each is one loop in one method that holds
 * all of its arithmetic: a shared function of a vector is inlined or not as C2 likes, and where it is not, every vector goes
 * through the heap (seen: 5 times slower). So {@code fromArray} and {@code broadcast} have no shorter names here: a method of ours
 * around them is not inlined any more where a caller has become too large, those of the Vector API always are.
 */
final class VectorMath {
  /** The widest that the processor has, up to 512 bits. */
  static final VectorSpecies<Float> S = species();
  static final int L = S.length();
  // Clamps compare bits, as Java's min and max of floats are six instructions each: those of positive numbers are in the
  // numbers' order, those of negative ones after their sign is flipped. A NaN stays what it is, above all: the shift makes its bits
  // wrap around to negative ones, or to small ones where the sign was set.
  private static final int SHIFT = 0x7fffff;
  private static final int FLIP = Integer.MIN_VALUE;
  private static final int FLIP_BACK = FLIP - SHIFT;
  private static final int MOST = shifted(88);
  private static final int LEAST = shifted(87);            // of a flipped one
  private static final int ERF_MOST = shifted(ScalarMath.ERF_END);
  private static final int ONE = shifted(1);

  private VectorMath() {
  }

  private static int shifted(float positive) {
    return Float.floatToIntBits(positive) + SHIFT;
  }

  private static VectorSpecies<Float> species() {
    VectorSpecies<Float> preferred = FloatVector.SPECIES_PREFERRED;
    return preferred.vectorBitSize() > 512 ? VectorSpecies.of(float.class, VectorShape.S_512_BIT) : preferred;
  }

  /**
   * y = exp(factor · x - minus), y may be x: Cephes' expf, relative error 1e-7, flat outside [-87, 88]; n by adding 1.5 · 2²³, as
   * converting to int is slow.
   */
  static void exp(float[] x, float factor, float minus, float[] y, int n) {
    for (int i = 0; i < n; i += L) {
      IntVector bits = fromArray(S, x, i).mul(factor).sub(minus).reinterpretAsInts();
      FloatVector v = bits.add(SHIFT).min(MOST).add(FLIP).min(LEAST).add(FLIP_BACK).reinterpretAsFloats();
      FloatVector t = v.fma(broadcast(S, 1.44269504f), broadcast(S, 12582912f));
      FloatVector whole = t.sub(12582912f);
      FloatVector r = whole.fma(broadcast(S, -0.693359375f), v);
      r = whole.fma(broadcast(S, 2.12194440e-4f), r);
      FloatVector p = r.fma(broadcast(S, 1.9875691500e-4f), broadcast(S, 1.3981999507e-3f));
      p = p.fma(r, broadcast(S, 8.3334519073e-3f));
      p = p.fma(r, broadcast(S, 4.1665795894e-2f));
      p = p.fma(r, broadcast(S, 1.6666665459e-1f));
      p = p.fma(r, broadcast(S, 0.5f));
      p = p.mul(r).fma(r, r.add(1f));
      p.reinterpretAsInts().add(t.reinterpretAsInts().lanewise(LSHL, 23)).reinterpretAsFloats().intoArray(y, i);
    }
  }

  /** y = exp(2 x) - 1 = 2ⁿ (eʳ - 1) + (2ⁿ - 1) with {@link #exp}'s n and r: right to its last digits near 0 too. */
  static void expOfTwiceMinusOne(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) {
      IntVector bits = fromArray(S, x, i).mul(2f).reinterpretAsInts();
      FloatVector v = bits.add(SHIFT).min(MOST).add(FLIP).min(LEAST).add(FLIP_BACK).reinterpretAsFloats();
      FloatVector t = v.fma(broadcast(S, 1.44269504f), broadcast(S, 12582912f));
      FloatVector whole = t.sub(12582912f);
      FloatVector r = whole.fma(broadcast(S, -0.693359375f), v);
      r = whole.fma(broadcast(S, 2.12194440e-4f), r);
      FloatVector p = r.fma(broadcast(S, 1.9875691500e-4f), broadcast(S, 1.3981999507e-3f));
      p = p.fma(r, broadcast(S, 8.3334519073e-3f));
      p = p.fma(r, broadcast(S, 4.1665795894e-2f));
      p = p.fma(r, broadcast(S, 1.6666665459e-1f));
      p = p.fma(r, broadcast(S, 0.5f));
      p = p.mul(r).fma(r, r);
      FloatVector power = broadcast(S, 1f).reinterpretAsInts().add(t.reinterpretAsInts().lanewise(LSHL, 23))
          .reinterpretAsFloats();
      p.fma(power, power.sub(1f)).intoArray(y, i);
    }
  }

  /** y = y / (y + 2): with {@link #expOfTwiceMinusOne} before, tanh = (e²ˣ - 1) / (e²ˣ + 1). */
  static void divideByTwoMore(float[] y, int n) {
    for (int i = 0; i < n; i += L) fromArray(S, y, i).div(fromArray(S, y, i).add(2f)).intoArray(y, i);
  }

  /** y = erf(factor · x), y may be x: x P(x²) / Q(x²), as {@link ScalarMath#erf} has it. */
  static void erf(float[] x, float factor, float[] y, int n) {
    for (int i = 0; i < n; i += L) {
      IntVector bits = fromArray(S, x, i).mul(factor).reinterpretAsInts();
      FloatVector v = bits.add(SHIFT).min(ERF_MOST).add(FLIP).min(ERF_MOST).add(FLIP_BACK).reinterpretAsFloats();
      FloatVector s = v.mul(v);
      FloatVector p = s.fma(broadcast(S, ScalarMath.P5), broadcast(S, ScalarMath.P4)).fma(s,
          broadcast(S, ScalarMath.P3));
      p = p.fma(s, broadcast(S, ScalarMath.P2)).fma(s, broadcast(S, ScalarMath.P1)).fma(s, broadcast(S, ScalarMath.P0));
      FloatVector q = s.fma(broadcast(S, ScalarMath.Q5), broadcast(S, ScalarMath.Q4)).fma(s,
          broadcast(S, ScalarMath.Q3));
      q = q.fma(s, broadcast(S, ScalarMath.Q2)).fma(s, broadcast(S, ScalarMath.Q1)).fma(s, broadcast(S, 1f));
      bits = v.mul(p).div(q).reinterpretAsInts();
      bits.add(SHIFT).min(ONE).add(FLIP).min(ONE).add(FLIP_BACK).reinterpretAsFloats().intoArray(y, i);
    }
  }
}
