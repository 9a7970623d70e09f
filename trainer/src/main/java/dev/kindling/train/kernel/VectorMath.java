package dev.kindling.train.kernel;

import static jdk.incubator.vector.VectorOperators.LSHL;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Elementary functions of a vector; {@link ScalarMath} is the twin. Small enough that C2 inlines them. */
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

  /** Cephes' expf, relative error 1e-7, flat outside [-87, 88]; n by adding 1.5 · 2²³, as converting to int is slow. */
  static FloatVector exp(FloatVector x) {
    x = x.min(88f).max(-87f);
    FloatVector t = x.fma(all(1.44269504f), all(12582912f));
    FloatVector n = t.sub(12582912f);
    FloatVector r = n.fma(all(-0.693359375f), x);
    r = n.fma(all(2.12194440e-4f), r);
    FloatVector p = tail(r).fma(r, r.add(1f));
    return p.reinterpretAsInts().add(t.reinterpretAsInts().lanewise(LSHL, 23)).reinterpretAsFloats();
  }

  /** (eʳ - 1 - r) / r on [-ln 2 / 2, ln 2 / 2]. */
  private static FloatVector tail(FloatVector r) {
    FloatVector p = r.fma(all(1.9875691500e-4f), all(1.3981999507e-3f));
    p = p.fma(r, all(8.3334519073e-3f));
    p = p.fma(r, all(4.1665795894e-2f));
    p = p.fma(r, all(1.6666665459e-1f));
    return p.fma(r, all(0.5f)).mul(r);
  }

  /** eˣ - 1 = 2ⁿ (eʳ - 1) + (2ⁿ - 1) with {@link #exp}'s n and r: right to its last digits near 0 too. */
  private static FloatVector expMinusOne(FloatVector x) {
    x = x.min(88f).max(-87f);
    FloatVector t = x.fma(all(1.44269504f), all(12582912f));
    FloatVector n = t.sub(12582912f);
    FloatVector r = n.fma(all(-0.693359375f), x);
    r = n.fma(all(2.12194440e-4f), r);
    FloatVector power = all(1f).reinterpretAsInts().add(t.reinterpretAsInts().lanewise(LSHL, 23)).reinterpretAsFloats();
    return tail(r).fma(r, r).fma(power, power.sub(1f));
  }

  /** (e²ˣ - 1) / (e²ˣ + 1). */
  static FloatVector tanh(FloatVector x) {
    FloatVector e = expMinusOne(x.add(x).min(40f));
    return e.div(e.add(2f));
  }

  /** x P(x²) / Q(x²), as {@link ScalarMath#erf} has it. */
  static FloatVector erf(FloatVector x) {
    x = x.min(ScalarMath.ERF_END).max(-ScalarMath.ERF_END);
    FloatVector s = x.mul(x);
    FloatVector p = s.fma(all(ScalarMath.P5), all(ScalarMath.P4)).fma(s, all(ScalarMath.P3));
    p = p.fma(s, all(ScalarMath.P2)).fma(s, all(ScalarMath.P1)).fma(s, all(ScalarMath.P0));
    FloatVector q = s.fma(all(ScalarMath.Q5), all(ScalarMath.Q4)).fma(s, all(ScalarMath.Q3));
    q = q.fma(s, all(ScalarMath.Q2)).fma(s, all(ScalarMath.Q1)).fma(s, all(1f));
    return x.mul(p).div(q).min(1f).max(-1f);
  }
}
