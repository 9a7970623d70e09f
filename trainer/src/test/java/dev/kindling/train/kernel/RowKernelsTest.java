package dev.kindling.train.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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

  private static double expectedGelu(double x) {
    return x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
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
  void geluAndItsSlopeAreThoseOfDoublePrecision(@ForAll @IntRange(min = 1, max = LONGEST) int n, @ForAll long seed) {
    for (RowKernels kernels : BOTH) {
      float[] x = row(new Random(seed), n);
      kernels.scale(x, 3, n);
      float[] y = new float[x.length];
      kernels.gelu(x, y, n);
      float[] dy = new float[x.length];
      Arrays.fill(dy, 2);
      kernels.geluGradient(x.clone(), dy, new float[x.length], n);
      for (int i = 0; i < n; i++) {
        assertThat((double) y[i]).isCloseTo(expectedGelu(x[i]), within(2e-6));
        assertThat((double) dy[i]).isCloseTo(2 * slope(RowKernelsTest::expectedGelu, x[i]), within(1e-5));
      }
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
      float[] extreme = Arrays.copyOf(new float[]{-1e30f, 1e30f, Float.NEGATIVE_INFINITY}, 3 + RowKernels.SLACK);
      kernels.exp(extreme, 1, 0, 3);
      assertThat(extreme[0]).isBetween(0f, 2e-38f);
      assertThat(extreme[1]).isFinite();
      assertThat(extreme[2]).isBetween(0f, 2e-38f);
    }
  }

  @Property(tries = 100)
  void softmaxSumsToOneAndItsGradientSumsToZero(@ForAll @IntRange(min = 1, max = LONGEST) int n, @ForAll long seed) {
    for (RowKernels kernels : BOTH) {
      Random random = new Random(seed);
      float[] p = row(random, n);
      float[] dp = row(random, n);
      float sum = kernels.exp(p, 0.5f, 0.5f * kernels.max(p, n), n);
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
    }
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
      kernels.normGradient(x[7], x[6], 0.1f, 1.2f, x[0], x[4], x[5], x[1], n);
      kernels.add(x[0], x[3], n);
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
