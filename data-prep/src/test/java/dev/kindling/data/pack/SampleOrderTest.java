package dev.kindling.data.pack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import java.util.BitSet;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SampleOrderTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 18, 64, 1000, 65537})
  void everyEpochHasEveryRowOnce(int rows) {
    SampleOrder order = new SampleOrder(rows, 42, 3, 5);
    for (long epoch = 0; epoch < 3; epoch++) assertThat(rowsOfEpoch(order, epoch).cardinality()).isEqualTo(rows);
  }

  @Property(tries = 200)
  void everyEpochHasEveryRowOnceForAnySizeAndSeed(@ForAll @IntRange(min = 1, max = 3000) int rows, @ForAll long seed) {
    assertThat(rowsOfEpoch(new SampleOrder(rows, seed, 1, 1), 2).cardinality()).isEqualTo(rows);
  }

  @Test
  void epochsAndSeedsDiffer() {
    long[] first = epoch(1000, 1, 0);
    assertThat(first).isNotEqualTo(epoch(1000, 1, 1)).isNotEqualTo(epoch(1000, 2, 0)).isEqualTo(epoch(1000, 1, 0));
    assertThat(LongStream.range(0, 1000).filter(i -> first[(int) i] == i).count()).isLessThan(10);
  }

  @Test
  void theOrderIsOneSequenceHoweverItIsDealtToVirtualRanks() {
    SampleOrder order = new SampleOrder(50, 9, 4, 3);
    long number = 0;
    for (long step = 0; step < 20; step++) {
      for (int rank = 0; rank < 4; rank++) {
        long[] rows = order.rows(step, rank);
        assertThat(rows).hasSize(3);
        for (int i = 0; i < 3; i++, number++)
          assertThat(rows[i]).isEqualTo(order.row(step, rank, i)).isEqualTo(order.row(number)).isBetween(0L, 49L);
      }
    }
  }

  @Property(tries = 100)
  void aRowIsFoundWhereItIsReadInEveryEpoch(@ForAll @IntRange(min = 1, max = 400) int rows, @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 5) int virtualRanks, @ForAll @IntRange(min = 1, max = 4) int samples) {
    SampleOrder order = new SampleOrder(rows, seed, virtualRanks, samples);
    for (long epoch = 0; epoch < 3; epoch++) {
      for (long row = 0; row < rows; row++) {
        SampleOrder.Place place = order.place(epoch, row);
        assertThat(order.row(place.step(), place.virtualRank(), place.index())).isEqualTo(row);
        assertThat((place.step() * virtualRanks + place.virtualRank()) * samples + place.index())
            .isBetween(epoch * rows, (epoch + 1) * rows - 1);
      }
    }
  }

  @Test
  void eighteenRowsInStepsOfTwoGiveNineStepsAnEpochAndMoreByGoingOn() {
    // parcae#12: a rank that ran out of data left the loop and the others hung
    SampleOrder order = new SampleOrder(18, 1, 2, 1);
    assertThat(order.steps(1)).isEqualTo(9);
    assertThat(order.steps(2)).isEqualTo(18);
    assertThat(order.row(11, 1, 0)).isBetween(0L, 17L);
    assertThat(order.epochs(9)).containsExactly(1.0);
  }

  @Test
  void anEmptyDatasetIsRefused() {
    assertThatThrownBy(() -> new SampleOrder(0, 1, 1, 1)).isInstanceOf(UserError.class).hasMessageContaining("empty");
  }

  private static BitSet rowsOfEpoch(SampleOrder order, long epoch) {
    BitSet seen = new BitSet();
    for (long i = 0; i < order.rows(); i++) seen.set((int) order.row(epoch * order.rows() + i));
    assertThat(seen.length()).isLessThanOrEqualTo((int) order.rows());
    return seen;
  }

  private static long[] epoch(int rows, long seed, long epoch) {
    SampleOrder order = new SampleOrder(rows, seed, 1, 1);
    return LongStream.range(0, rows).map(i -> order.row(epoch * rows + i)).toArray();
  }
}
