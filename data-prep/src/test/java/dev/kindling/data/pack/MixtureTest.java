package dev.kindling.data.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Against counting all samples from the first on. */
class MixtureTest {
  @Property(tries = 60)
  void sharesHoldAtEveryMomentAndEachDatasetIsReadEpochByEpoch(@ForAll long seed,
      @ForAll @IntRange(min = 1, max = 6) int datasets) {
    Mixture mixture = any(seed, datasets);
    long[] taken = new long[datasets];
    BitSet[] seen = new BitSet[datasets];
    Arrays.setAll(seen, i -> new BitSet());
    for (long n = 0; n < 3_000; n++) {
      long row = mixture.row(n);
      int of = mixture.datasetOf(row);
      int own = (int) (row - mixture.firstRow(of));
      int rows = (int) mixture.shuffles().get(of).rows();
      assertThat(own).isBetween(0, rows - 1);
      assertThat(seen[of].get(own)).as("row %d of dataset %d twice in an epoch", own, of).isFalse();
      seen[of].set(own);
      taken[of]++;
      if (taken[of] % rows == 0) {
        assertThat(seen[of].cardinality()).isEqualTo(rows);
        seen[of].clear();
      }
      for (int i = 0; i < datasets; i++) {
        double share = (double) mixture.units().get(i) / Mixture.ALL;
        assertThat((double) taken[i]).isCloseTo((n + 1) * share, within((double) datasets));
        assertThat(mixture.epochs(n + 1).get(i)).isEqualTo((double) taken[i] / mixture.shuffles().get(i).rows());
      }
    }
  }

  @Property(tries = 100)
  void aRowIsFoundWhereItIsRead(@ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int datasets) {
    Mixture mixture = any(seed, datasets);
    for (long epoch : new long[]{0, 1, 5}) {
      for (long row = 0; row < mixture.rows(); row++) {
        long number = mixture.number(epoch, row);
        assertThat(mixture.row(number)).isEqualTo(row);
        assertThat(number).isGreaterThanOrEqualTo(mixture.begin(epoch, row)).isLessThan(mixture.begin(epoch + 1, row));
      }
    }
  }

  @Test
  void afterAsManySamplesAsThereAreUnitsTheSharesAreExact() {
    Mixture mixture = Mixture.of(List.of(10L, 20L, 40L), List.of(Mixture.ALL - 300_000, 299_999L, 1L), 1);
    for (long times : new long[]{1, 2, 1_000_000})
      assertThat(mixture.epochs(times * Mixture.ALL)).containsExactly(times * (Mixture.ALL - 300_000) / 10.0,
          times * 299_999 / 20.0, times / 40.0);
  }

  @Test
  void whoReadsDoesNotChangeWhatIsReadAndAnyStepIsKnownAtOnce() {
    Mixture mixture = Mixture.of(List.of(7L, 5L), Mixture.units(List.of(2.0, 1.0), 1), 3);
    List<Long> one = new ArrayList<>();
    SampleOrder alone = new SampleOrder(mixture, 1, 12);
    SampleOrder shared = new SampleOrder(mixture, 4, 3);
    for (long step : new long[]{0, 1, 999_999_999_999L / 12}) {
      List<Long> several = new ArrayList<>();
      one.clear();
      for (long row : alone.rows(step, 0)) one.add(row);
      for (int rank = 0; rank < 4; rank++) for (long row : shared.rows(step, rank)) several.add(row);
      assertThat(several).isEqualTo(one);
      assertThat(one.stream().filter(row -> row < 7).count()).isBetween(7L, 9L);
    }
    SampleOrder.Place place = shared.place(1, 8);
    assertThat(shared.row(place.step(), place.virtualRank(), place.index())).isEqualTo(8);
  }

  @Test
  void datasetsOfTheSameSizeComeInOrdersOfTheirOwn() {
    Mixture mixture = Mixture.of(List.of(1000L, 1000L), List.of(Mixture.ALL / 2, Mixture.ALL / 2), 1);
    Set<Long> differences = new HashSet<>();
    for (long n = 0; n < 2000; n += 2) differences.add(Math.floorMod(mixture.row(n) - mixture.row(n + 1), 1000L));
    assertThat(differences.size()).isGreaterThan(500);
  }

  @Test
  void aTemperatureMakesSharesMoreAlikeAsT5sDoes() {
    assertThat(Mixture.units(List.of(900.0, 100.0), 1)).containsExactly(943_718L, 104_858L);
    assertThat(Mixture.units(List.of(900.0, 100.0), 2)).containsExactly(786_432L, 262_144L);      // 30 to 10
    assertThat(Mixture.units(List.of(8.0, 1.0, 1.0), 3)).containsExactly(524_288L, 262_144L, 262_144L);    // 2, 1, 1
    assertThat(Mixture.units(List.of(1e15, 1.0, 1.0), 1)).containsExactly(Mixture.ALL - 2, 1L, 1L);
    assertThat(Mixture.units(List.of(1.0, 1.0, 1.0), 1)).containsExactlyInAnyOrder(349_525L, 349_525L, 349_526L);
  }

  @Test
  void anEmptyDatasetIsRefused() {
    assertThatThrownBy(() -> Mixture.of(List.of(3L, 0L), List.of(1L, Mixture.ALL - 1), 1)).isInstanceOf(UserError.class)
        .hasMessageContaining("empty");
  }

  private static Mixture any(long seed, int datasets) {
    Random random = new Random(seed);
    List<Long> rows = new ArrayList<>();
    List<Double> weights = new ArrayList<>();
    for (int i = 0; i < datasets; i++) {
      rows.add(1 + (long) random.nextInt(200));
      weights.add(Math.exp(6 * random.nextDouble()));
    }
    return Mixture.of(rows, Mixture.units(weights, 1 + random.nextInt(3)), seed);
  }
}
