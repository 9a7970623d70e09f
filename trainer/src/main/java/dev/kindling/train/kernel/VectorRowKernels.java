package dev.kindling.train.kernel;

import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.S2I;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link RowKernels} with the Vector API. Loops run in whole vectors past the row's end, as masks are slow on JDK 17; each is
 * small, as C2 boxes vectors on the heap where a loop is too large for it.
 */
final class VectorRowKernels implements RowKernels {
  private static final VectorSpecies<Float> S = species();
  private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, S.vectorShape());
  private static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class,
      VectorShape.forBitSize(S.vectorBitSize() / 2));
  private static final int L = S.length();
  private static final VectorShuffle<Float> BY8 = rotation(8);
  private static final VectorShuffle<Float> BY4 = rotation(4);
  private static final VectorShuffle<Float> BY2 = rotation(2);
  private static final VectorShuffle<Float> BY1 = rotation(1);
  private static final float TWO_ROOT = 1.5957691216f;      // 2 √(2/π)
  private static final float CUBIC = 0.044715f;

  private static VectorSpecies<Float> species() {
    VectorSpecies<Float> preferred = FloatVector.SPECIES_PREFERRED;
    return preferred.vectorBitSize() > 512 ? FloatVector.SPECIES_512 : preferred;
  }

  private static VectorShuffle<Float> rotation(int by) {
    return VectorShuffle.iota(S, by % L, 1, true);
  }

  @Override
  public String describe() {
    return "Vector API " + S.vectorBitSize() + " bit";
  }

  private static FloatVector at(float[] x, int i) {
    return FloatVector.fromArray(S, x, i);
  }

  private static FloatVector all(float value) {
    return FloatVector.broadcast(S, value);
  }

  /**
   * By a fixed tree: {@code reduceLanes(ADD)} leaves the order open, and that of the interpreter differs from C2's, so that
   * bits would change as the code warms up.
   */
  private static float lanes(FloatVector v) {
    if (L >= 16) v = v.add(v.rearrange(BY8));
    if (L >= 8) v = v.add(v.rearrange(BY4));
    if (L >= 4) v = v.add(v.rearrange(BY2));
    return v.add(v.rearrange(BY1)).lane(0);
  }

  /** Makes what lies between n and the last vector's end count for nothing. */
  private static void pad(float[] x, int n, float value) {
    if (n % L != 0) Arrays.fill(x, n, n / L * L + L, value);
  }

  @Override
  public void widen(short[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) {
      IntVector bits = (IntVector) ShortVector.fromArray(SHORTS, x, i).convertShape(S2I, INTS, 0);
      bits.lanewise(LSHL, 16).reinterpretAsFloats().intoArray(y, i);
    }
  }

  @Override
  public void narrow(float[] x, short[] y, int n) {
    for (int i = 0; i < n; i += L) {
      IntVector bits = at(x, i).reinterpretAsInts();
      bits = bits.add(bits.lanewise(LSHR, 16).and(1)).add(0x7fff).lanewise(LSHR, 16);
      ((ShortVector) bits.convertShape(I2S, SHORTS, 0)).intoArray(y, i);
    }
  }

  @Override
  public void add(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) at(y, i).add(at(x, i)).intoArray(y, i);
  }

  @Override
  public void scale(float[] x, float factor, int n) {
    for (int i = 0; i < n; i += L) at(x, i).mul(factor).intoArray(x, i);
  }

  @Override
  public void addScaled(float[] x, float factor, float[] y, int n) {
    FloatVector f = all(factor);
    for (int i = 0; i < n; i += L) at(x, i).fma(f, at(y, i)).intoArray(y, i);
  }

  @Override
  public float sum(float[] x, int n) {
    pad(x, n, 0);
    FloatVector sum = FloatVector.zero(S);
    for (int i = 0; i < n; i += L) sum = sum.add(at(x, i));
    return lanes(sum);
  }

  @Override
  public float max(float[] x, int n) {
    pad(x, n, Float.NEGATIVE_INFINITY);
    FloatVector max = all(Float.NEGATIVE_INFINITY);
    for (int i = 0; i < n; i += L) max = max.max(at(x, i));
    return max.reduceLanes(MAX);                 // the largest is the same in every order
  }

  @Override
  public float dot(float[] x, float[] y, int n) {
    pad(x, n, 0);
    pad(y, n, 0);
    FloatVector even = FloatVector.zero(S);
    FloatVector odd = even;
    int i = 0;
    for (; i + L < n; i += 2 * L) {
      even = at(x, i).fma(at(y, i), even);
      odd = at(x, i + L).fma(at(y, i + L), odd);
    }
    float last = i < n ? lanes(at(x, i).mul(at(y, i))) : 0;
    return lanes(even.add(odd)) + last;
  }

  @Override
  public float squaredDistance(float[] x, float mean, int n) {
    pad(x, n, mean);
    FloatVector sum = FloatVector.zero(S);
    for (int i = 0; i < n; i += L) {
      FloatVector d = at(x, i).sub(mean);
      sum = d.fma(d, sum);
    }
    return lanes(sum);
  }

  @Override
  public void normalize(float[] x, float mean, float rstd, float[] scale, float[] shift, float[] y, int n) {
    for (int i = 0; i < n; i += L) at(x, i).sub(mean).mul(rstd).fma(at(scale, i), at(shift, i)).intoArray(y, i);
  }

  @Override
  public void normGradient(float[] dy, float[] x, float mean, float rstd, float[] scale, float[] dScale, float[] dShift,
      float[] dx, int n) {
    normalizeAndAdd(dy, x, mean, rstd, dScale, dShift, n);
    multiply(scale, dy, n);
    float a = sum(dy, n) / n;
    float q = dot(dy, x, n) / n;
    project(dy, x, a, q, rstd, dx, n);
  }

  private static void project(float[] e, float[] h, float a, float q, float rstd, float[] dx, int n) {
    for (int i = 0; i < n; i += L) at(e, i).sub(a).sub(at(h, i).mul(q)).mul(rstd).intoArray(dx, i);
  }

  private static void normalizeAndAdd(float[] dy, float[] x, float mean, float rstd, float[] dScale, float[] dShift,
      int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector d = at(dy, i);
      FloatVector h = at(x, i).sub(mean).mul(rstd);
      h.intoArray(x, i);
      d.fma(h, at(dScale, i)).intoArray(dScale, i);
      d.add(at(dShift, i)).intoArray(dShift, i);
    }
  }

  private static void multiply(float[] by, float[] x, int n) {
    for (int i = 0; i < n; i += L) at(x, i).mul(at(by, i)).intoArray(x, i);
  }

  /** Cephes' expf, relative error 1e-7, flat outside [-87, 88]; n by adding 1.5 · 2²³, as converting to int is slow. */
  private static FloatVector exp(FloatVector x) {
    x = x.min(88f).max(-87f);
    FloatVector t = x.fma(all(1.44269504f), all(12582912f));
    FloatVector n = t.sub(12582912f);
    FloatVector r = n.fma(all(-0.693359375f), x);
    r = n.fma(all(2.12194440e-4f), r);
    FloatVector p = r.fma(all(1.9875691500e-4f), all(1.3981999507e-3f));
    p = p.fma(r, all(8.3334519073e-3f));
    p = p.fma(r, all(4.1665795894e-2f));
    p = p.fma(r, all(1.6666665459e-1f));
    p = p.fma(r, all(0.5f));
    p = p.mul(r).fma(r, r.add(1f));
    return p.reinterpretAsInts().add(t.reinterpretAsInts().lanewise(LSHL, 23)).reinterpretAsFloats();
  }

  @Override
  public void gelu(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = at(x, i);
      FloatVector u = v.mul(v).mul(CUBIC).add(1f).mul(v).mul(-TWO_ROOT);
      v.div(exp(u).add(1f)).intoArray(y, i);
    }
  }

  @Override
  public void geluGradient(float[] x, float[] dy, float[] temporary, int n) {
    sigmoid(x, temporary, n);
    slope(x, temporary, n);
    multiply(x, dy, n);
  }

  private static void sigmoid(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = at(x, i);
      FloatVector u = v.mul(v).mul(CUBIC).add(1f).mul(v).mul(-TWO_ROOT);
      all(1f).div(exp(u).add(1f)).intoArray(y, i);
    }
  }

  private static void slope(float[] x, float[] sigmoid, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector v = at(x, i);
      FloatVector s = at(sigmoid, i);
      FloatVector w = v.mul(v).mul(3 * CUBIC).add(1f).mul(TWO_ROOT).mul(v);
      w.sub(w.mul(s)).add(1f).mul(s).intoArray(x, i);
    }
  }

  @Override
  public float exp(float[] x, float factor, float minus, int n) {
    for (int i = 0; i < n; i += L) exp(at(x, i).mul(factor).sub(minus)).intoArray(x, i);
    return sum(x, n);
  }

  @Override
  public void softmaxGradient(float[] p, float[] dp, float inner, float factor, int n) {
    for (int i = 0; i < n; i += L) at(dp, i).sub(inner).mul(at(p, i)).mul(factor).intoArray(dp, i);
  }

  @Override
  public void adamw(float[] w, float[] g, float[] m, float[] v, AdamWStep step, int n) {
    scale(g, step.gradientScale(), n);
    average(g, m, step.beta1(), n);
    averageSquares(g, v, step.beta2(), n);
    update(w, m, v, step.keep(), step.rate(), step.rootCorrection(), step.epsilon(), n);
  }

  private static void update(float[] w, float[] m, float[] v, float keep, float rate, float rootCorrection,
      float epsilon, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector root = at(v, i).sqrt().mul(rootCorrection).add(epsilon);
      at(w, i).mul(keep).sub(at(m, i).mul(rate).div(root)).intoArray(w, i);
    }
  }

  private static void average(float[] x, float[] y, float keep, int n) {
    float rest = 1 - keep;
    for (int i = 0; i < n; i += L) at(y, i).mul(keep).add(at(x, i).mul(rest)).intoArray(y, i);
  }

  private static void averageSquares(float[] x, float[] y, float keep, int n) {
    float rest = 1 - keep;
    for (int i = 0; i < n; i += L) {
      FloatVector v = at(x, i);
      at(y, i).mul(keep).add(v.mul(v).mul(rest)).intoArray(y, i);
    }
  }
}
