package dev.kindling.train.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.tensor.DType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the loss keeps for the way back, whatever the batch and the vocabulary. */
class OneDnnCrossEntropyTest {
  private static final long MOST = 128L << 20;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 97, 1000, 2048, 32_000, 50_257, 65_536, 128_256, 151_936, 256_000, 262_144, 263_001,
      524_288, 1_000_003})
  void theLogitsGradientsThatAreThereAtOnceFitTheBudgetOrAreOfOneBlockOfRows(int vocabulary) {
    for (DType type : new DType[]{DType.FLOAT32, DType.BFLOAT16}) {
      try (PackedWeight head = Twins.ONE.weight(1, vocabulary, true, type)) {
        int stride = OneDnnCrossEntropy.stride(head);
        assertThat(stride).isGreaterThanOrEqualTo(vocabulary);
        for (long rows : new long[]{1, 3, 127, 128, 129, 256, 1023, 1024, 1300, 8192, 65_536, 1 << 20, 1L << 31}) {
          int group = OneDnnCrossEntropy.group(rows, head);
          long bytes = (long) group * stride * type.bytes();
          assertThat(group).as("%s, %d rows", type, rows).isBetween((int) Math.min(rows, Blocks.ROWS),
              (int) Math.min(rows, Integer.MAX_VALUE));
          if (group > Blocks.ROWS) assertThat(bytes).as("%s, %d rows", type, rows).isLessThanOrEqualTo(MOST);
        }
      }
    }
  }
}
