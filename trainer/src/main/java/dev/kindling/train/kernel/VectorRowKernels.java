package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.VectorMath.all;
import static dev.kindling.train.kernel.VectorMath.at;
import static jdk.incubator.vector.VectorOperators.ASHR;
import static jdk.incubator.vector.VectorOperators.I2S;
import static jdk.incubator.vector.VectorOperators.LSHL;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.S2I;
import static jdk.incubator.vector.VectorOperators.XOR;

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
  private static final VectorSpecies<Float> S = VectorMath.S;
  private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, S.vectorShape());
  private static final VectorSpecies<Short> SHORTS = VectorSpecies.of(short.class,
      VectorShape.forBitSize(S.vectorBitSize() / 2));
  private static final int L = VectorMath.L;
  private static final IntVector LANES = lanes();
  private static final VectorShuffle<Float> BY8 = rotation(8);
  private static final VectorShuffle<Float> BY4 = rotation(4);
  private static final VectorShuffle<Float> BY2 = rotation(2);
  private static final VectorShuffle<Float> BY1 = rotation(1);

  private static IntVector lanes() {
    int[] steps = new int[L];
    for (int i = 0; i < L; i++) steps[i] = i * KeepMask.STEP;
    return IntVector.fromArray(INTS, steps, 0);
  }

  private static VectorShuffle<Float> rotation(int by) {
    return VectorShuffle.iota(S, by % L, 1, true);
  }

  @Override
  public String describe() {
    return "Vector API " + S.vectorBitSize() + " bit";
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
  public void multiply(float[] by, float[] x, int n) {
    for (int i = 0; i < n; i += L) at(x, i).mul(at(by, i)).intoArray(x, i);
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
  public void normGradient(float[] dy, float[] x, boolean centered, float mean, float rstd, float[] scale,
      float[] dScale,
      float[] dShift, float[] dx, int n) {
    normalizeAndAdd(dy, x, mean, rstd, dScale, dShift, n);
    multiply(scale, dy, n);
    float a = centered ? sum(dy, n) / n : 0;
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

  @Override
  public void activate(Activation a, float[] x, float[] y, int n) {
    VectorActivations.activate(a, x, y, n);
  }

  @Override
  public void activateWithSlope(Activation a, float[] x, float[] value, float[] temporary, int n) {
    VectorActivations.activateWithSlope(a, x, value, temporary, n);
  }

  @Override
  public void rotate(float[] x, int at, float[] cos, float[] sin, int half) {
    int whole = half - half % L;                           // past it lies what is not to be rotated
    for (int i = 0; i < whole; i += L) {
      FloatVector a = at(x, at + i);
      FloatVector b = at(x, at + half + i);
      a.mul(at(cos, i)).sub(b.mul(at(sin, i))).intoArray(x, at + i);
      b.mul(at(cos, i)).add(a.mul(at(sin, i))).intoArray(x, at + half + i);
    }
    for (int i = whole; i < half; i++) {
      float a = x[at + i];
      float b = x[at + half + i];
      x[at + i] = a * cos[i] - b * sin[i];
      x[at + half + i] = b * cos[i] + a * sin[i];
    }
  }

  @Override
  public void mask(float[] x, long bits, int threshold, float factor, int n) {
    IntVector hash = IntVector.broadcast(INTS, (int) bits).add(LANES);
    IntVector step = IntVector.broadcast(INTS, L * KeepMask.STEP);
    for (int i = 0; i < n; i += L) {
      IntVector kept = kept(hash, (int) (bits >>> 32), threshold);
      at(x, i).mul(factor).reinterpretAsInts().and(kept).reinterpretAsFloats().intoArray(x, i);
      hash = hash.add(step);
    }
  }

  /** All bits where an element is kept, none where not. */
  private static IntVector kept(IntVector h, int salt, int threshold) {
    h = h.lanewise(XOR, h.lanewise(LSHR, 16)).mul(KeepMask.FIRST);
    h = h.lanewise(XOR, h.lanewise(LSHR, 13)).mul(KeepMask.SECOND);
    h = h.lanewise(XOR, h.lanewise(LSHR, 16)).lanewise(XOR, salt).lanewise(LSHR, 8);
    return h.neg().add(threshold - 1).lanewise(ASHR, 31);
  }

  @Override
  public float exp(float[] x, float factor, float minus, int n) {
    VectorMath.exp(x, factor, minus, x, n);
    return sum(x, n);
  }

  @Override
  public void softmaxGradient(float[] p, float[] dp, float inner, float factor, int n) {
    for (int i = 0; i < n; i += L) at(dp, i).sub(inner).mul(at(p, i)).mul(factor).intoArray(dp, i);
  }

  @Override
  public int adamwInPlace(long w, long g, long m, long v, AdamWStep step, int n) {
    if (!VectorMemory.AVAILABLE) return 0;
    int whole = n / L * L;
    VectorMemory.adamw(w, g, m, v, step, whole);
    return whole;
  }

  @Override
  public void adamw(float[] w, float[] g, float[] m, float[] v, AdamWStep step, int n) {
    moments(g, m, v, step.gradientScale(), step.beta1(), step.beta2(), n);
    update(w, m, v, step.keep(), step.rate(), step.rootCorrection(), step.epsilon(), n);
  }

  private static void update(float[] w, float[] m, float[] v, float keep, float rate, float rootCorrection,
      float epsilon, int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector root = at(v, i).sqrt().mul(rootCorrection).add(epsilon);
      at(w, i).mul(keep).sub(at(m, i).mul(rate).div(root)).intoArray(w, i);
    }
  }

  private static void moments(float[] x, float[] m, float[] v, float factor, float keep1, float keep2, int n) {
    float rest1 = 1 - keep1;
    float rest2 = 1 - keep2;
    for (int i = 0; i < n; i += L) {
      FloatVector g = at(x, i).mul(factor);
      at(m, i).mul(keep1).add(g.mul(rest1)).intoArray(m, i);
      at(v, i).mul(keep2).add(g.mul(g).mul(rest2)).intoArray(v, i);
    }
  }
}
