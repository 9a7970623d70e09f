package dev.kindling.train.kernel;

import static jdk.incubator.vector.VectorOperators.LSHL;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Elementary functions of a row with the Vector API; {@link ScalarMath} is the twin. Each is one loop in one method that holds
 * all of its arithmetic: a shared function of a vector is inlined or not as C2 likes, and where it is not, every vector goes
 * through the heap (seen: 5 times slower).
 */
final class VectorMath {
  /** The widest that the processor has, up to 512 bits. */
  static final VectorSpecies<Float> S = species();
  static final int L = S.length();

  private VectorMath() {
  }

  private static VectorSpecies<Float> species() {
    VectorSpecies<Float> preferred = FloatVector.SPECIES_PREFERRED;
    return preferred.vectorBitSize() > 512 ? VectorSpecies.of(float.class, VectorShape.S_512_BIT) : preferred;
  }

  static FloatVector at(float[] x, int i) {
    return FloatVector.fromArray(S, x, i);
  }

  static FloatVector all(float value) {
    return FloatVector.broadcast(S, value);
  }

  /**
   * y = exp(factor · x - minus), y may be x: Cephes' expf, relative error 1e-7, flat outside [-87, 88]; n by adding 1.5 · 2²³, as
   * converting to int is slow.
   */
  static void exp(float[] x, float factor, float minus, float[] y, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = at(x, i).mul(factor).sub(minus).min(88f).max(-87f);
      FloatVector t = v.fma(all(1.44269504f), all(12582912f));
      FloatVector whole = t.sub(12582912f);
      FloatVector r = whole.fma(all(-0.693359375f), v);
      r = whole.fma(all(2.12194440e-4f), r);
      FloatVector p = r.fma(all(1.9875691500e-4f), all(1.3981999507e-3f));
      p = p.fma(r, all(8.3334519073e-3f));
      p = p.fma(r, all(4.1665795894e-2f));
      p = p.fma(r, all(1.6666665459e-1f));
      p = p.fma(r, all(0.5f));
      p = p.mul(r).fma(r, r.add(1f));
      p.reinterpretAsInts().add(t.reinterpretAsInts().lanewise(LSHL, 23)).reinterpretAsFloats().intoArray(y, i);
    }
  }

  /** y = exp(2 x) - 1 = 2ⁿ (eʳ - 1) + (2ⁿ - 1) with {@link #exp}'s n and r: right to its last digits near 0 too. */
  static void expOfTwiceMinusOne(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = at(x, i).mul(2f).min(88f).max(-87f);
      FloatVector t = v.fma(all(1.44269504f), all(12582912f));
      FloatVector whole = t.sub(12582912f);
      FloatVector r = whole.fma(all(-0.693359375f), v);
      r = whole.fma(all(2.12194440e-4f), r);
      FloatVector p = r.fma(all(1.9875691500e-4f), all(1.3981999507e-3f));
      p = p.fma(r, all(8.3334519073e-3f));
      p = p.fma(r, all(4.1665795894e-2f));
      p = p.fma(r, all(1.6666665459e-1f));
      p = p.fma(r, all(0.5f));
      p = p.mul(r).fma(r, r);
      FloatVector power = all(1f).reinterpretAsInts().add(t.reinterpretAsInts().lanewise(LSHL, 23))
          .reinterpretAsFloats();
      p.fma(power, power.sub(1f)).intoArray(y, i);
    }
  }

  /** y = y / (y + 2): with {@link #expOfTwiceMinusOne} before, tanh = (e²ˣ - 1) / (e²ˣ + 1). */
  static void divideByTwoMore(float[] y, int n) {
    for (int i = 0; i < n; i += L) at(y, i).div(at(y, i).add(2f)).intoArray(y, i);
  }

  /** y = erf(factor · x), y may be x: x P(x²) / Q(x²), as {@link ScalarMath#erf} has it. */
  static void erf(float[] x, float factor, float[] y, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = at(x, i).mul(factor).min(ScalarMath.ERF_END).max(-ScalarMath.ERF_END);
      FloatVector s = v.mul(v);
      FloatVector p = s.fma(all(ScalarMath.P5), all(ScalarMath.P4)).fma(s, all(ScalarMath.P3));
      p = p.fma(s, all(ScalarMath.P2)).fma(s, all(ScalarMath.P1)).fma(s, all(ScalarMath.P0));
      FloatVector q = s.fma(all(ScalarMath.Q5), all(ScalarMath.Q4)).fma(s, all(ScalarMath.Q3));
      q = q.fma(s, all(ScalarMath.Q2)).fma(s, all(ScalarMath.Q1)).fma(s, all(1f));
      v.mul(p).div(q).min(1f).max(-1f).intoArray(y, i);
    }
  }
}
