package dev.kindling.train.kernel;

import static jdk.incubator.vector.FloatVector.broadcast;
import static jdk.incubator.vector.FloatVector.fromArray;
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

  private static IntVector lanes() {
    int[] steps = new int[L];
    for (int i = 0; i < L; i++) steps[i] = i * KeepMask.STEP;
    return IntVector.fromArray(INTS, steps, 0);
  }

  @Override
  public String describe() {
    return "Vector API " + S.vectorBitSize() + " bit";
  }

  /**
   * The sum of a vector's lanes, by a fixed tree: {@code reduceLanes(ADD)} leaves the order open, and that of the interpreter differs
   * from C2's, so that bits would change as the code warms up.
   *
   * @param spoilt a row of n elements, in whose slack the vector is: one that is handed to a method may go through the heap
   */
  private static float lanes(float[] spoilt, int n) {
    int from = slack(n);
    for (int half = L / 2; half > 0; half /= 2) {
      for (int i = from; i < from + half; i++) spoilt[i] += spoilt[i + half];
    }
    return spoilt[from];
  }

  /** Where a row's slack begins that no loop reads. */
  private static int slack(int n) {
    return (n + L - 1) / L * L;
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
      IntVector bits = fromArray(S, x, i).reinterpretAsInts();
      bits = bits.add(bits.lanewise(LSHR, 16).and(1)).add(0x7fff).lanewise(LSHR, 16);
      ((ShortVector) bits.convertShape(I2S, SHORTS, 0)).intoArray(y, i);
    }
  }

  @Override
  public void narrowLower(float[] x, int[] pairs, int at, int n) {
    pad(x, n, 0);
    for (int i = 0; i < n; i += L) {
      IntVector bits = fromArray(S, x, i).reinterpretAsInts();
      bits.add(bits.lanewise(LSHR, 16).and(1)).add(0x7fff).lanewise(LSHR, 16).intoArray(pairs, at + i);
    }
  }

  @Override
  public void narrowUpper(float[] x, int[] pairs, int at, int n) {
    pad(x, n, 0);
    for (int i = 0; i < n; i += L) {
      IntVector bits = fromArray(S, x, i).reinterpretAsInts();
      bits = bits.add(bits.lanewise(LSHR, 16).and(1)).add(0x7fff).and(0xffff0000);
      bits.or(IntVector.fromArray(INTS, pairs, at + i)).intoArray(pairs, at + i);
    }
  }

  @Override
  public void add(float[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) fromArray(S, y, i).add(fromArray(S, x, i)).intoArray(y, i);
  }

  @Override
  public void addWidened(short[] x, float[] y, int n) {
    for (int i = 0; i < n; i += L) {
      IntVector bits = (IntVector) ShortVector.fromArray(SHORTS, x, i).convertShape(S2I, INTS, 0);
      fromArray(S, y, i).add(bits.lanewise(LSHL, 16).reinterpretAsFloats()).intoArray(y, i);
    }
  }

  @Override
  public void multiply(float[] by, float[] x, int n) {
    for (int i = 0; i < n; i += L) fromArray(S, x, i).mul(fromArray(S, by, i)).intoArray(x, i);
  }

  @Override
  public void scale(float[] x, float factor, int n) {
    for (int i = 0; i < n; i += L) fromArray(S, x, i).mul(factor).intoArray(x, i);
  }

  @Override
  public void scaleHalves(short[] x, float factor, int n) {
    for (int i = 0; i < n; i += L) {
      IntVector bits = (IntVector) ShortVector.fromArray(SHORTS, x, i).convertShape(S2I, INTS, 0);
      bits = bits.lanewise(LSHL, 16).reinterpretAsFloats().mul(factor).reinterpretAsInts();
      bits = bits.add(bits.lanewise(LSHR, 16).and(1)).add(0x7fff).lanewise(LSHR, 16);
      ((ShortVector) bits.convertShape(I2S, SHORTS, 0)).intoArray(x, i);
    }
  }

  @Override
  public void addScaled(float[] x, float factor, float[] y, int n) {
    FloatVector f = broadcast(S, factor);
    for (int i = 0; i < n; i += L) fromArray(S, x, i).fma(f, fromArray(S, y, i)).intoArray(y, i);
  }

  @Override
  public float sum(float[] x, int n) {
    pad(x, n, 0);
    FloatVector sum = FloatVector.zero(S);
    for (int i = 0; i < n; i += L) sum = sum.add(fromArray(S, x, i));
    sum.intoArray(x, slack(n));
    return lanes(x, n);
  }

  @Override
  public float max(float[] x, int n) {
    pad(x, n, Float.NEGATIVE_INFINITY);
    FloatVector a = broadcast(S, Float.NEGATIVE_INFINITY);
    FloatVector b = a;
    FloatVector c = a;
    FloatVector d = a;                           // four at once: one would wait for itself
    int i = 0;
    for (; i + 3 * L < n; i += 4 * L) {
      a = a.max(fromArray(S, x, i));
      b = b.max(fromArray(S, x, i + L));
      c = c.max(fromArray(S, x, i + 2 * L));
      d = d.max(fromArray(S, x, i + 3 * L));
    }
    for (; i < n; i += L) a = a.max(fromArray(S, x, i));
    return a.max(b).max(c.max(d)).reduceLanes(MAX);        // the largest is the same in every order
  }

  @Override
  public float dot(float[] x, float[] y, int n) {
    pad(x, n, 0);
    pad(y, n, 0);
    FloatVector even = FloatVector.zero(S);
    FloatVector odd = even;
    int i = 0;
    for (; i + L < n; i += 2 * L) {
      even = fromArray(S, x, i).fma(fromArray(S, y, i), even);
      odd = fromArray(S, x, i + L).fma(fromArray(S, y, i + L), odd);
    }
    float last = 0;
    if (i < n) {
      fromArray(S, x, i).mul(fromArray(S, y, i)).intoArray(x, slack(n));
      last = lanes(x, n);
    }
    even.add(odd).intoArray(x, slack(n));
    return lanes(x, n) + last;
  }

  @Override
  public float squaredDistance(float[] x, float mean, int n) {
    pad(x, n, mean);
    FloatVector sum = FloatVector.zero(S);
    for (int i = 0; i < n; i += L) {
      FloatVector d = fromArray(S, x, i).sub(mean);
      sum = d.fma(d, sum);
    }
    sum.intoArray(x, slack(n));
    return lanes(x, n);
  }

  @Override
  public void normalize(float[] x, float mean, float rstd, float[] scale, float[] shift, float[] y, int n) {
    for (int i = 0; i < n; i += L)
      fromArray(S, x, i).sub(mean).mul(rstd).fma(fromArray(S, scale, i), fromArray(S, shift, i)).intoArray(y, i);
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
    for (int i = 0; i < n; i += L) fromArray(S, e, i).sub(a).sub(fromArray(S, h, i).mul(q)).mul(rstd).intoArray(dx, i);
  }

  private static void normalizeAndAdd(float[] dy, float[] x, float mean, float rstd, float[] dScale, float[] dShift,
      int n) {
    for (int i = 0; i < n; i += L) {
      FloatVector d = fromArray(S, dy, i);
      FloatVector h = fromArray(S, x, i).sub(mean).mul(rstd);
      h.intoArray(x, i);
      d.fma(h, fromArray(S, dScale, i)).intoArray(dScale, i);
      d.add(fromArray(S, dShift, i)).intoArray(dShift, i);
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
      FloatVector a = fromArray(S, x, at + i);
      FloatVector b = fromArray(S, x, at + half + i);
      a.mul(fromArray(S, cos, i)).sub(b.mul(fromArray(S, sin, i))).intoArray(x, at + i);
      b.mul(fromArray(S, cos, i)).add(a.mul(fromArray(S, sin, i))).intoArray(x, at + half + i);
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
      fromArray(S, x, i).mul(factor).reinterpretAsInts().and(kept).reinterpretAsFloats().intoArray(x, i);
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
  public void exp(float[] x, float factor, float minus, int n) {
    VectorMath.exp(x, factor, minus, x, n);
  }

  @Override
  public void softmaxGradient(float[] p, float[] dp, float inner, float factor, int n) {
    for (int i = 0; i < n; i += L) fromArray(S, dp, i).sub(inner).mul(fromArray(S, p, i)).mul(factor).intoArray(dp, i);
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
      FloatVector root = fromArray(S, v, i).sqrt().mul(rootCorrection).add(epsilon);
      fromArray(S, w, i).mul(keep).sub(fromArray(S, m, i).mul(rate).div(root)).intoArray(w, i);
    }
  }

  private static void moments(float[] x, float[] m, float[] v, float factor, float keep1, float keep2, int n) {
    float rest1 = 1 - keep1;
    float rest2 = 1 - keep2;
    for (int i = 0; i < n; i += L) {
      FloatVector g = fromArray(S, x, i).mul(factor);
      fromArray(S, m, i).mul(keep1).add(g.mul(rest1)).intoArray(m, i);
      fromArray(S, v, i).mul(keep2).add(g.mul(g).mul(rest2)).intoArray(v, i);
    }
  }
}
