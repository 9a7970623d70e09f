package dev.kindling.train.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Raw;
import java.util.Arrays;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Both implementations against double precision, and against each other. */
class RowKernelsTest {
  private static final RowKernels[] BOTH = {new ScalarRowKernels(), new VectorRowKernels()};
  private static final int LONGEST = 300;

  /** Random numbers, and beyond them what must not count. */
  private static float[] row(Random random, int n) {
    float[] row = new float[n + RowKernels.SLACK];
    Arrays.fill(row, 1e30f);
    for (int i = 0; i < n; i++) row[i] = (float) random.nextGaussian();
    return row;
  }

  private static double slope(DoubleUnaryOperator f, double x) {
    double h = 1e-5;
    return (f.applyAsDouble(x + h) - f.applyAsDouble(x - h)) / (2 * h);
  }

  @Property(tries = 200)
  void sumsAreThoseOfDoublePrecision(@ForAll @IntRange(min = 1, max = LONGEST) int n, @ForAll long seed) {
    for (RowKernels kernels : BOTH) {
      Random random = new Random(seed);
      float[] x = row(random, n);
      float[] y = row(random, n);
      double sum = 0;
      double dot = 0;
      double squares = 0;
      double max = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < n; i++) {
        sum += x[i];
        dot += (double) x[i] * y[i];
        squares += (x[i] - 0.25) * (x[i] - 0.25);
        max = Math.max(max, x[i]);
      }
      assertThat((double) kernels.sum(x.clone(), n)).isCloseTo(sum, within(1e-5 * n));
      assertThat((double) kernels.max(x.clone(), n)).isEqualTo(max);
      assertThat((double) kernels.dot(x.clone(), y.clone(), n)).isCloseTo(dot, within(1e-5 * n));
      assertThat((double) kernels.squaredDistance(x.clone(), 0.25f, n)).isCloseTo(squares, within(1e-5 * n));
    }
  }

  @Property(tries = 100)
  void activationsAndTheirSlopesAreThoseOfDoublePrecision(@ForAll @IntRange(min = 1, max = LONGEST) int n,
      @ForAll long seed) {
    for (RowKernels kernels : BOTH) {
      for (Activation a : Activation.values()) {
        float[] x = row(new Random(seed), n);
        kernels.scale(x, 3, n);
        float[] y = new float[x.length];
        kernels.activate(a, x, y, n);
        float[] value = new float[x.length];
        float[] slope = x.clone();
        kernels.activateWithSlope(a, slope, value, new float[x.length], n);
        for (int i = 0; i < n; i++) {
          assertThat((double) y[i]).as("%s(%s)", a, x[i]).isCloseTo(expected(a, x[i]),
              within(4e-7 * (1 + Math.abs(x[i]))));
          assertThat((double) value[i]).as("%s(%s)", a, x[i]).isCloseTo(expected(a, x[i]),
              within(4e-7 * (1 + Math.abs(x[i]))));
          assertThat((double) slope[i]).as("slope of %s at %s", a, x[i])
              .isCloseTo(slope(v -> expected(a, v), x[i]), within(1e-6 * (1 + Math.abs(x[i]))));
        }
      }
    }
  }

  @Property(tries = 100)
  void twoRowsAreInterleavedAsHalves(@ForAll @IntRange(min = 1, max = LONGEST) int n,
      @ForAll @IntRange(min = 0, max = 70) int at, @ForAll long seed) {
    for (RowKernels kernels : BOTH) {
      Random random = new Random(seed);
      float[] even = row(random, n);
      float[] odd = row(random, n);
      int few = random.nextInt(n) + 1;                   // the other row is longer
      int[] pairs = new int[at + n + RowKernels.SLACK];
      kernels.narrowLower(even.clone(), pairs, at, few);
      kernels.narrowUpper(odd.clone(), pairs, at, n);
      for (int i = 0; i < at + n; i++) {
        short lower = i < at || i >= at + few ? 0 : Raw.toBfloat16(even[i - at]);
        short upper = i < at ? 0 : Raw.toBfloat16(odd[i - at]);
        assertThat(pairs[i]).as("pair %s of %s", i, n).isEqualTo(upper << 16 | lower & 0xffff);
      }
    }
  }

  private static double expected(Activation a, double x) {
    return switch (a) {
      case GELU_TANH -> x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
      case GELU_ERF -> x / 2 * (1 + erf(x / Math.sqrt(2)));
      case RELU -> Math.max(x, 0);
      case SILU -> x / (1 + Math.exp(-x));
      case TANH -> Math.tanh(x);
    };
  }

  /** 2/√π times the integral of e^(-t²) from 0 to x, by Simpson's rule. */
  private static double erf(double x) {
    int steps = 200;
    double end = Math.max(-7, Math.min(7, x));
    double h = end / (2 * steps);
    double sum = 1 + Math.exp(-end * end);
    for (int i = 1; i < 2 * steps; i++) sum += (i % 2 == 1 ? 4 : 2) * Math.exp(-(i * h) * (i * h));
    return 2 / Math.sqrt(Math.PI) * sum * h / 3;
  }

  @Test
  void erfAndTanhAreRightToSevenDigits() {
    float[] x = new float[4000 + RowKernels.SLACK];
    for (int i = 0; i < 4000; i++) x[i] = (float) ((i % 2 == 0 ? 1 : -1) * Math.pow(10, -4 + i * 0.0012));
    float[] erf = new float[x.length];
    float[] tanh = new float[x.length];
    VectorMath.erf(x, 1, erf, 4000);
    VectorActivations.activate(Activation.TANH, x, tanh, 4000);
    for (int i = 0; i < 4000; i++) {
      assertThat(erf[i] / erf(x[i])).as("erf(%s)", x[i]).isCloseTo(1, within(5e-7));
      assertThat(tanh[i] / Math.tanh(x[i])).as("tanh(%s)", x[i]).isCloseTo(1, within(4e-7));
      assertThat(ScalarMath.erf(x[i]) / erf(x[i])).as("erf(%s)", x[i]).isCloseTo(1, within(5e-7));
      assertThat(ScalarMath.tanh(x[i]) / Math.tanh(x[i])).as("tanh(%s)", x[i]).isCloseTo(1, within(4e-7));
    }
  }

  @Test
  void exponentialsAreRightToSevenDigitsAndNeverOverflow() {
    for (RowKernels kernels : BOTH) {
      int n = 2000;
      float[] x = new float[n + RowKernels.SLACK];
      for (int i = 0; i < n; i++) x[i] = -87 + i * 0.0875f;
      float[] e = x.clone();
      kernels.exp(e, 1, 0, n);
      for (int i = 0; i < n; i++) assertThat(e[i] / Math.exp(x[i])).isCloseTo(1, within(3e-7));
      float[] extreme = Arrays.copyOf(new float[]{-1e30f, 1e30f, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY},
          4 + RowKernels.SLACK);
      kernels.exp(extreme, 1, 0, 4);
      assertThat(extreme[0]).isBetween(0f, 2e-38f);
      assertThat(extreme[1]).isFinite();
      assertThat(extreme[2]).isBetween(0f, 2e-38f);
      assertThat(extreme[3]).isFinite();
    }
  }

  /** A NaN must be seen in the loss, whatever its sign: those that processors make, and bf16's. */
  @Test
  void whatIsNoNumberStaysNone() {
    for (RowKernels kernels : BOTH) {
      for (int bits : new int[]{0x7fc00000, 0xffc00000, 0x7fff0000, 0xffff0000}) {
        float[] x = new float[3 + RowKernels.SLACK];
        x[1] = Float.intBitsToFloat(bits);
        assertThat(kernels.max(x.clone(), 3)).isNaN();
        for (Activation a : Activation.values()) {
          float[] y = new float[x.length];
          kernels.activate(a, x.clone(), y, 3);
          assertThat(y[1]).as("%s of %x", a, bits).isNaN();
          assertThat(y[2]).as("%s of 0", a).isZero();
        }
        kernels.exp(x, 1, 0, 3);
        assertThat(x[1]).as("exp of %x", bits).isNaN();
        assertThat(x[2]).isEqualTo(1);
      }
    }
  }

  @Property(tries = 100)
  void softmaxSumsToOneAndItsGradientSumsToZero(@ForAll @IntRange(min = 1, max = LONGEST) int n, @ForAll long seed) {
    for (RowKernels kernels : BOTH) {
      Random random = new Random(seed);
      float[] p = row(random, n);
      float[] dp = row(random, n);
      float sum = kernels.expAndSum(p, 0.5f, 0.5f * kernels.max(p, n), n);
      kernels.scale(p, 1 / sum, n);
      assertThat((double) kernels.sum(p, n)).isCloseTo(1, within(1e-5));
      kernels.softmaxGradient(p, dp, kernels.dot(p, dp, n), 0.5f, n);
      assertThat((double) kernels.sum(dp, n)).isCloseTo(0, within(1e-5));
    }
  }

  @Property(tries = 100)
  void bf16RoundsToNearestEvenAsOneElementDoes(@ForAll @IntRange(min = 1, max = LONGEST) int n, @ForAll long seed) {
    for (RowKernels kernels : BOTH) {
      float[] x = row(new Random(seed), n);
      x[0] = Float.intBitsToFloat(0x3f808000);             // half way, down to even
      if (n > 1) x[1] = Float.intBitsToFloat(0x3f818000);  // half way, up to even
      if (n > 2) x[2] = Float.NEGATIVE_INFINITY;
      short[] narrow = new short[x.length];
      kernels.narrow(x, narrow, n);
      float[] wide = new float[x.length];
      kernels.widen(narrow, wide, n);
      for (int i = 0; i < n; i++) {
        assertThat(narrow[i]).isEqualTo(Raw.toBfloat16(x[i]));
        assertThat(wide[i]).isEqualTo(Raw.toFloat(narrow[i]));
      }
      float[] sum = row(new Random(~seed), n), before = sum.clone();
      kernels.addWidened(narrow, sum, n);
      short[] scaled = narrow.clone();
      kernels.scaleHalves(scaled, -0.37f, n);
      for (int i = 0; i < n; i++) {
        assertThat(sum[i]).isEqualTo(before[i] + wide[i]);
        assertThat(scaled[i]).isEqualTo(Raw.toBfloat16(wide[i] * -0.37f));
      }
    }
  }

  @Property(tries = 50)
  void anOptimizersStepInPlaceHasTheBitsOfRows(@ForAll @IntRange(min = 1, max = LONGEST) int n, @ForAll long seed) {
    RowKernels.AdamWStep step = RowKernels.AdamWStep.of(0.5, 1e-2, 0.9, 0.95, 1e-8, 0.1, 2);
    for (RowKernels kernels : BOTH) {
      Random random = new Random(seed);
      float[][] x = new float[4][];
      for (int j = 0; j < x.length; j++) x[j] = row(random, n);
      for (int j = 0; j < n; j++) x[3][j] *= x[3][j];      // a second moment
      try (Memory memory = Memory.allocate(4L * x.length * n)) {
        for (int j = 0; j < x.length; j++) Raw.copy(x[j], 0, n, memory.address() + 4L * j * n);
        long w = memory.address();
        int done = kernels.adamwInPlace(w, w + 4L * n, w + 8L * n, w + 12L * n, step, n);
        assertThat(done).isEqualTo(kernels instanceof VectorRowKernels ? n / VectorMath.L * VectorMath.L : 0);
        float[][] before = new float[x.length][];
        for (int j = 0; j < x.length; j++) before[j] = x[j].clone();
        kernels.adamw(x[0], x[1], x[2], x[3], step, n);
        for (int j = 0; j < x.length; j++) {
          float[] found = new float[n];
          Raw.copy(w + 4L * j * n, found, 0, n);
          for (int i = 0; i < n; i++) assertThat(found[i]).isEqualTo(i < done ? x[j][i] : before[j][i]);
        }
      }
    }
  }

  @Test
  void vectorsReachMemoryOutsideTheHeapOnEveryJdkFrom17On() {
    assertThat(VectorMemory.AVAILABLE).isTrue();
  }

  @Property(tries = 100)
  void theVectorsAgreeWithTheirScalarTwin(@ForAll @IntRange(min = 1, max = LONGEST) int n, @ForAll long seed) {
    float[][][] results = new float[2][][];
    for (int i = 0; i < 2; i++) {
      Random random = new Random(seed);
      float[][] x = new float[8][];
      for (int j = 0; j < x.length; j++) x[j] = row(random, n);
      for (int j = 0; j < n; j++) x[3][j] *= x[3][j];      // a second moment
      RowKernels kernels = BOTH[i];
      kernels.adamw(x[0], x[1], x[2], x[3], RowKernels.AdamWStep.of(0.5, 1e-2, 0.9, 0.95, 1e-8, 0.1, 2), n);
      kernels.normalize(x[2], 0.1f, 1.2f, x[4], x[5], x[6], n);
      kernels.normGradient(x[7], x[6], n % 2 == 0, 0.1f, 1.2f, x[0], x[4], x[5], x[1], n);
      kernels.add(x[0], x[3], n);
      kernels.multiply(x[2], x[4], n);
      kernels.rotate(x[0], n / 3, x[2], x[6], n / 3);
      kernels.mask(x[5], seed, KeepMask.threshold(0.4f), 1.5f, n);
      kernels.addScaled(x[1], 0.3f, x[3], n);
      results[i] = x;
    }
    for (int j = 0; j < 8; j++) {
      float[] expected = Arrays.copyOf(results[0][j], n);
      Machine.assertClose("row " + j, Arrays.copyOf(results[1][j], n), expected, 2e-5);
    }
  }

  @Test
  void sumsKeepTheirBitsWhenTheyAreCompiled() {
    float[] x = row(new Random(4), 277);
    RowKernels kernels = new VectorRowKernels();
    float first = kernels.sum(x, 277) + kernels.dot(x, x, 277) + kernels.squaredDistance(x.clone(), 0.1f, 277);
    for (int i = 0; i < 50_000; i++) {
      assertThat(kernels.sum(x, 277) + kernels.dot(x, x, 277) + kernels.squaredDistance(x.clone(), 0.1f, 277))
          .isEqualTo(first);
    }
  }
}
