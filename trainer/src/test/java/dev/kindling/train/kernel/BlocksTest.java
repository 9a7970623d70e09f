package dev.kindling.train.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BlocksTest {
  private static int blocks(long rows, long columns) {
    return Blocks.count(rows, Blocks.ROWS) * Blocks.count(columns, Blocks.panel(columns));
  }

  @ParameterizedTest
  @CsvSource({"768, 2304", "768, 768", "768, 3072", "3072, 768", "768, 50257"})
  void everyProductOfGpt2Over1024RowsKeeps32ThreadsBusy(int in, int out) {
    assertThat(blocks(1024, out)).as("y = x W").isGreaterThanOrEqualTo(32);
    assertThat(blocks(1024, in)).as("dx = dy Wᵀ").isGreaterThanOrEqualTo(32);
    int ofGradient = Blocks.count(in, Blocks.ROWS) * Blocks.count(out, Blocks.panel(in, out));
    assertThat(ofGradient).as("dW = xᵀ dy").isGreaterThanOrEqualTo(32);
  }

  @ParameterizedTest
  @CsvSource({"256", "512", "768", "1024"})
  void aSmallModelsFewRowsKeepTwoThreadsBusy(int width) {
    assertThat(blocks(128, width)).isGreaterThanOrEqualTo(4);
  }

  @ParameterizedTest
  @CsvSource({"12, 1024, 256", "12, 512, 128", "4, 512, 64", "1, 128, 64", "64, 1024, 512", "16, 1024, 512",
      "12, 40, 64"})
  void attentionOfFewHeadsIsCutIntoEnoughParts(int heads, int time, int queries) {
    assertThat(Blocks.queries(heads, time, 512, AttentionTile.QUERIES)).isEqualTo(queries);
    if (heads * time / AttentionTile.QUERIES >= 32) {
      assertThat(heads * Blocks.count(time, queries)).isGreaterThanOrEqualTo(32);
    }
  }

  @Property
  void blocksCoverEveryElementOnce(@ForAll @IntRange(min = 1, max = 10_000) int size,
      @ForAll @IntRange(min = 1, max = 500) int block) {
    int covered = 0;
    for (int i = 0; i < Blocks.count(size, block); i++) {
      assertThat(Blocks.size(size, block, i)).isBetween(1, block);
      covered += Blocks.size(size, block, i);
    }
    assertThat(covered).isEqualTo(size);
  }

  @Property
  void aStrideIsNeverAMultipleOfFourKilobytes(@ForAll @IntRange(min = 1, max = 100_000) int n) {
    for (int bytes : new int[]{2, 4}) {
      int stride = Blocks.stride(n, bytes);
      assertThat(stride).isBetween(n, n + 47);
      assertThat(stride * bytes % 4096).isNotZero();
    }
  }
}
