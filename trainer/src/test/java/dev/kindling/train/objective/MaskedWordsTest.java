package dev.kindling.train.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.EncoderBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Devlin et al. 2019, section 3.1. */
class MaskedWordsTest {
  private static final int BEGIN = 0, MASK = 1, PAD = 2, END = 3, VOCABULARY = 1000;
  private static final MaskedWords WORDS = new MaskedWords(MASK, PAD, VOCABULARY, Set.of(BEGIN, END),
      MaskedWords.SHARE);

  /** A text between the two tokens that are never hidden. */
  private static int[] text(int words) {
    int[] row = new int[words + 2];
    for (int i = 0; i < words; i++) row[i + 1] = 4 + i * 37 % (VOCABULARY - 4);
    row[words + 1] = END;
    return row;
  }

  private static EncoderBatch batch(long seed, long step, long sample, int words) {
    return WORDS.batch(List.of(text(words)), new long[]{sample}, seed, step);
  }

  @Test
  void fifteenOfAHundredWordsCountAndTheirTargetsAreWhatStoodThere() {
    EncoderBatch batch = batch(1, 1, 1, 100);
    int[] text = text(100);
    assertThat(batch.labels()).isEqualTo(15);
    for (int t = 0; t < text.length; t++) {
      if (batch.targets()[t] == Kernels.IGNORED) assertThat(batch.inputs()[t]).isEqualTo(text[t]);
      else assertThat(batch.targets()[t]).isEqualTo(text[t]).isNotIn(BEGIN, END);
    }
  }

  @Test
  void eightOfTenAreMaskedOneIsRandomAndOneStays() {
    int masked = 0;
    int same = 0;
    int labels = 0;
    for (int sample = 0; sample < 200; sample++) {
      EncoderBatch batch = batch(5, 7, sample, 200);
      for (int t = 0; t < batch.time(); t++) {
        if (batch.targets()[t] < 0) continue;
        labels++;
        if (batch.inputs()[t] == MASK) masked++;
        else if (batch.inputs()[t] == batch.targets()[t]) same++;
      }
    }
    assertThat(labels).isEqualTo(200 * 30);
    assertThat(masked / (double) labels).isCloseTo(0.8, within(0.02));       // four deviations of 6,000 draws
    assertThat(same / (double) labels).isCloseTo(0.1, within(0.016));
  }

  @Test
  void everyPlaceIsHiddenEquallyOften() {
    int[] hidden = new int[22];
    for (int sample = 0; sample < 4000; sample++) {
      EncoderBatch batch = batch(9, 1, sample, 20);
      for (int t = 0; t < 22; t++) if (batch.targets()[t] >= 0) hidden[t]++;
    }
    assertThat(hidden[0]).isZero();
    assertThat(hidden[21]).isZero();
    for (int t = 1; t < 21; t++) assertThat(hidden[t]).as("place %d", t).isBetween(500, 700);   // 600 ± 23
  }

  @Test
  void itIsAFunctionOfSeedStepAndSampleAlone() {
    assertThat(batch(1, 2, 3, 50).inputs()).isEqualTo(batch(1, 2, 3, 50).inputs());
    List<int[]> others = List.of(batch(2, 2, 3, 50).targets(), batch(1, 3, 3, 50).targets(),
        batch(1, 2, 4, 50).targets());
    assertThat(others).allSatisfy(other -> assertThat(other).isNotEqualTo(batch(1, 2, 3, 50).targets()));
    EncoderBatch two = WORDS.batch(List.of(text(70), text(50)), new long[]{8, 3}, 1, 2);
    int[] second = Arrays.copyOfRange(two.inputs(), 72, 72 + 52);
    assertThat(second).as("whatever stands beside it").isEqualTo(batch(1, 2, 3, 50).inputs());
  }

  @Test
  void shorterRowsArePaddedAndPaddingNeverCounts() {
    List<int[]> rows = new ArrayList<>(List.of(text(10), text(3), new int[0], new int[]{BEGIN, END}));
    EncoderBatch batch = WORDS.batch(rows, new long[]{1, 2, 3, 4}, 1, 1);
    assertThat(batch.lengths()).containsExactly(12, 5, 0, 2);
    assertThat(batch.labels()).as("2 of 10, 1 of 3, none of none").isEqualTo(3);
    for (int r = 0; r < 4; r++) {
      for (int t = batch.lengths()[r]; t < 12; t++) {
        assertThat(batch.inputs()[r * 12 + t]).isEqualTo(PAD);
        assertThat(batch.targets()[r * 12 + t]).isEqualTo(Kernels.IGNORED);
      }
    }
  }
}
