package dev.kindling.train.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.tensor.Arena;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The kernels that are formulas by themselves, against those formulas in double. The differentiable ones are held to
 * finite differences, to Hugging Face and to libtorch where they are used.
 */
class PlainKernelsTest {
  private final Kernels kernels = PlainKernels.of(2);
  private final Arena arena = new Arena();

  @AfterEach
  void close() {
    kernels.close();
    arena.close();
  }

  private Tensor floats(float[] values, long... shape) {
    Tensor t = arena.take(DType.FLOAT32, shape);
    t.put(0, values, 0, values.length);
    return t;
  }

  private static float[] random(String stream, int count) {
    CounterRandom random = CounterRandom.of(1, stream);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) values[i] = (float) (2 * random.uniform(i) - 1);
    return values;
  }

  @Test
  void theLargestExpertsAreChosenAndThoseWithoutANumberBeforeThem() {
    float no = Float.NaN;
    Tensor logits = floats(new float[]{1, 3, 3, 2, no, 1, no, 2, no, no, no, no}, 3, 4);
    Tensor chosen = arena.take(DType.INT32, 3, 3);
    Tensor weights = arena.take(DType.FLOAT32, 3, 3);
    kernels.routing().route(logits, chosen, weights);
    int[] found = new int[9];
    for (int i = 0; i < 9; i++) found[i] = Raw.getInt(chosen.address() + i * Integer.BYTES);
    assertThat(found).containsExactly(1, 2, 3, 0, 2, 3, 0, 1, 2);
    for (int i = 0; i < 9; i++) assertThat(Float.isNaN(weights.toFloats()[i])).isEqualTo(i >= 3);
  }

  @ParameterizedTest
  @CsvSource({"false, false, false", "true, false, false", "false, true, false", "true, true, false",
      "true, true, true"})
  void matmulMultipliesTransposesScalesAndAdds(boolean transposeA, boolean transposeB, boolean bfloat16) {
    int m = 67;
    int n = 70;
    int k = 131;
    float[] a = random("a", m * k);
    float[] b = random("b", k * n);
    float[] c = random("c", m * n);
    Tensor found = floats(c, m, n);
    kernels.matmul(transposeA ? floats(a, k, m) : floats(a, m, k), transposeA,
        transposeB ? floats(b, n, k) : floats(b, k, n),
        transposeB, found, 0.5f, -2, bfloat16);
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int p = 0; p < k; p++) {
          float left = transposeA ? a[p * m + i] : a[i * k + p];
          float right = transposeB ? b[j * k + p] : b[p * n + j];
          sum += bfloat16 ? (double) rounded(left) * rounded(right) : (double) left * right;
        }
        float[] one = new float[1];
        found.get((long) i * n + j, one, 0, 1);
        assertThat((double) one[0]).isCloseTo(0.5 * sum - 2.0 * c[i * n + j], Offset.offset(3e-6));
      }
    }
  }

  @Test
  void matmulWithoutBetaDoesNotReadWhatIsThere() {
    Tensor found = floats(new float[]{Float.NaN}, 1, 1);
    kernels.matmul(floats(new float[]{2}, 1, 1), false, floats(new float[]{3}, 1, 1), false, found, 1, 0, false);
    assertThat(found.toFloats()).containsExactly(6);
  }

  private static float rounded(float value) {
    return Raw.toFloat(Raw.toBfloat16(value));
  }

  @Test
  void conversionRoundsToTheNearestAndTiesToEven() {
    float[] values = {1f, 1 + 0x1p-8f, 1 + 3 * 0x1p-8f, 1 + 0x1.01p-8f, -1 - 0x1p-8f, Float.MAX_VALUE,
        Float.POSITIVE_INFINITY, Float.NaN, 0f, -0f, Float.MIN_VALUE, 0x1.01p-126f};
    float[] expected = {1f, 1f, 1 + 0x1p-6f, 1 + 0x1p-7f, -1f, Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY,
        Float.NaN, 0f, -0f, 0f, 0x1p-126f};
    Tensor from = floats(values, values.length);
    Tensor stored = arena.take(DType.BFLOAT16, values.length);
    Tensor back = arena.take(DType.FLOAT32, values.length);
    kernels.convert(from, stored);
    kernels.convert(stored, back);
    assertThat(back.toFloats()).containsExactly(expected);
  }

  @Test
  void everyBfloat16IsItsOwnRounding() {
    for (int bits = 0; bits < 1 << 16; bits++) {
      float value = Raw.toFloat((short) bits);
      if (Float.isNaN(value)) assertThat(Raw.toFloat(Raw.toBfloat16(value))).isNaN();
      else assertThat(Raw.toBfloat16(value)).isEqualTo((short) bits);
    }
  }

  @Test
  void squaresAreSummedByBlocks() {
    float[] g = random("g", 2 * Kernels.NORM_BLOCK + 5);
    double[] squares = new double[3];
    kernels.sumSquares(floats(g, g.length), squares);
    for (int block = 0; block < 3; block++) {
      double sum = 0;
      for (int i = block * Kernels.NORM_BLOCK; i < Math.min(g.length, (block + 1) * Kernels.NORM_BLOCK); i++) {
        sum += (double) g[i] * g[i];
      }
      assertThat(squares[block]).isEqualTo(sum);
    }
  }

  /** REPORTS B06: w = 1, rate 6e-4, a gradient of constant sign, 100 steps: 0.94 in the float32 master. */
  @Test
  void aHundredSmallStepsOfAdamWMoveTheMaster() {
    Tensor w = floats(new float[]{1}, 1);
    Tensor m = floats(new float[]{0}, 1);
    Tensor v = floats(new float[]{0}, 1);
    for (int step = 1; step <= 100; step++) {
      kernels.adamw(w, floats(new float[]{3}, 1), m, v, 0.5, 6e-4, 0.9, 0.999, 1e-8, 0, step);
    }
    assertThat(w.toFloats()[0]).isCloseTo(0.94f, Offset.offset(5e-6f));
    assertThat(rounded(w.toFloats()[0])).isEqualTo(0.94140625f);
  }
}
