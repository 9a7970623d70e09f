package dev.kindling.data.pack;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class BestFitTest {
  /** Sorted: 7 6 4 3 2 2. 7, 6 and 4 open bins (4 fits onto 6); 3 fills the first; 2 and 2 open the third. */
  @Test
  void eachGoesIntoTheFullestBinThatHasRoom() {
    assertThat(BestFit.of(new int[]{2, 4, 7, 2, 6, 3}, 10)).satisfies(fit -> {
      assertThat(fit.bins()).isEqualTo(3);
      assertThat(fit.of()).containsExactly(2, 1, 0, 2, 1, 0);
    });
    assertThat(BestFit.of(new int[]{}, 10).bins()).isZero();
  }

  @Property(tries = 300)
  void noBinOverflowsAnyTwoHoldMoreThanOneCouldAndTheyAreFewerThanElevenNinthsOfTheFewest(
      @ForAll @Size(max = 9) List<@IntRange(min = 1, max = 12) Integer> things) {
    int[] sizes = things.stream().mapToInt(Integer::intValue).toArray();
    BestFit fit = BestFit.of(sizes, 12);
    int[] filled = new int[fit.bins()];
    for (int i = 0; i < sizes.length; i++) filled[fit.of()[i]] += sizes[i];
    for (int a = 0; a < filled.length; a++) {
      assertThat(filled[a]).isBetween(1, 12);
      for (int b = 0; b < a; b++) assertThat(filled[a] + filled[b]).isGreaterThan(12);
    }
    int fewest = fewest(sizes, 0, new int[sizes.length], 0, sizes.length);
    assertThat(fit.bins()).isLessThanOrEqualTo((11 * fewest + 6) / 9);
  }

  /** Every way to put the things into bins. */
  private static int fewest(int[] sizes, int thing, int[] filled, int bins, int best) {
    if (bins >= best && thing < sizes.length) return best;
    if (thing == sizes.length) return Math.min(best, bins);
    int found = best;
    for (int b = 0; b <= bins && b < filled.length; b++) {
      if (filled[b] + sizes[thing] > 12) continue;
      int[] with = Arrays.copyOf(filled, filled.length);
      with[b] += sizes[thing];
      found = fewest(sizes, thing + 1, with, Math.max(bins, b + 1), found);
    }
    return found;
  }
}
