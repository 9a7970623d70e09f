package dev.kindling.train.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Columns become orthonormal. */
class GramSchmidtTest {
  private static float[] orthonormal(int rows, int columns, float[] values) {
    try (Memory memory = Memory.allocate(values.length * (long) (Double.BYTES + Float.BYTES))) {
      long scratch = memory.address();
      Tensor matrix = Tensor.at(scratch + values.length * (long) Double.BYTES, DType.FLOAT32, rows, columns);
      matrix.put(0, values, 0, values.length);
      GramSchmidt.orthonormalize(matrix, scratch);
      return matrix.toFloats();
    }
  }

  @Test
  void twoColumnsByHand() {
    // (3, 4) / 5; of (5, 10) what is not along it is (5, 10) - 11 (0.6, 0.8) = (-1.6, 1.2), of length 2
    assertThat(orthonormal(2, 2, new float[]{3, 5, 4, 10})).usingComparatorWithPrecision(1e-6f)
        .containsExactly(0.6f, -0.8f, 0.8f, 0.6f);
  }

  @Test
  void productsOfColumnsAreThoseOfTheUnitMatrix() {
    int rows = 200, columns = 7;
    Random random = new Random(1);
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) values[i] = (float) (random.nextGaussian() + 30);    // nearly parallel
    float[] q = orthonormal(rows, columns, values);
    for (int a = 0; a < columns; a++) {
      for (int b = 0; b < columns; b++) {
        double product = 0;
        for (int i = 0; i < rows; i++) product += (double) q[i * columns + a] * q[i * columns + b];
        assertThat(product).isCloseTo(a == b ? 1 : 0, within(1e-5));
      }
    }
  }

  @Test
  void whatIsNothingNewBecomesZeroAndWhatIsNoNumberStaysNone() {
    assertThat(orthonormal(2, 2, new float[]{3, 6, 4, 8})).usingComparatorWithPrecision(1e-6f)
        .containsExactly(0.6f, 0, 0.8f, 0);
    assertThat(orthonormal(2, 1, new float[2])).containsExactly(0, 0);
    assertThat(orthonormal(2, 1, new float[]{Float.NaN, 1})).containsOnly(Float.NaN);
  }
}
