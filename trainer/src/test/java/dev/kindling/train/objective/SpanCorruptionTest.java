package dev.kindling.train.objective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.model.Seq2SeqBatch;
import dev.kindling.train.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Raffel et al. 2020, sections 3.1.4 and 3.3.4; lengths as the authors' and Hugging Face's data preparation have them. */
class SpanCorruptionTest {
  private static final int VOCABULARY = 1100, PAD = 0, END = 1;
  private static final SpanCorruption SPANS = SpanCorruption.of(VOCABULARY, PAD, END);

  private static int[] text(int tokens) {
    return IntStream.range(0, tokens).map(i -> 10 + i % 900).toArray();
  }

  /** What a reader who fills the holes gets. */
  private static int[] filled(int[] inputs, int[] targets) {
    List<Integer> all = new ArrayList<>();
    for (int token : inputs) {
      if (token < 950) {
        all.add(token);
        continue;
      }
      int at = IntStream.range(0, targets.length).filter(i -> targets[i] == token).findFirst().orElseThrow() + 1;
      while (at < targets.length && targets[at] < 950 && targets[at] != END) all.add(targets[at++]);
    }
    return all.stream().mapToInt(Integer::intValue).toArray();
  }

  @Property
  void inputsAndTargetsTogetherAreTheTextAndHaveTheLengthsThatWereComputed(
      @ForAll @IntRange(min = 2, max = 700) int tokens,
      @ForAll @IntRange(max = 1000) int seed) {
    SpanCorruption.Lengths lengths = SPANS.lengths(tokens);
    SpanCorruption.Corrupted row = SPANS.corrupted(text(tokens), CounterRandom.of(seed, "test"));
    assertThat(row.inputs()).hasSize(lengths.inputs());
    assertThat(row.targets()).hasSize(lengths.targets());
    assertThat(row.inputs()[lengths.inputs() - 1]).isEqualTo(END);
    assertThat(row.targets()[lengths.targets() - 1]).isEqualTo(END);
    int[] whole = filled(Arrays.copyOf(row.inputs(), lengths.inputs() - 1), row.targets());
    assertThat(whole).isEqualTo(text(tokens));
    int[] sentinels = Arrays.stream(row.inputs()).filter(token -> token >= 950).toArray();
    assertThat(sentinels).isEqualTo(IntStream.range(0, lengths.spans()).map(i -> VOCABULARY - 1 - i).toArray());
    assertThat(row.inputs()[0]).as("text comes first").isEqualTo(10);
  }

  /** random_spans_helper of the authors' code: 568 tokens become 512 and 114. */
  @Test
  void lengthsOfTheAuthorsConfiguration() {
    assertThat(SPANS.mostTokens(512)).isEqualTo(568);
    assertThat(SPANS.lengths(568)).isEqualTo(new SpanCorruption.Lengths(85, 28, 512, 114));
  }

  @Test
  void cutsLieEverywhereAndAreThreeTokensLongOnAverage() {
    int tokens = 100;
    int[] cut = new int[tokens];
    int[] spansOfLength = new int[tokens];
    for (int seed = 0; seed < 2000; seed++) {
      int[] targets = SPANS.corrupted(text(tokens), CounterRandom.of(seed, "test")).targets();
      int length = 0;
      for (int i = 1; i < targets.length; i++) {
        if (targets[i] >= 950 || targets[i] == END) {
          spansOfLength[length]++;
          length = 0;
        } else {
          length++;
          cut[targets[i] - 10]++;
        }
      }
    }
    assertThat(Arrays.stream(cut).sum()).isEqualTo(2000 * 15);
    // 15 in 100 on the whole; as a span always stands last there are fewer before
    for (int t = 20; t < 80; t++) assertThat(cut[t]).as("token %d", t).isBetween(170, 370);
    assertThat(spansOfLength[0]).isZero();
    assertThat(Arrays.stream(spansOfLength).sum()).isEqualTo(2000 * 5);
    // 15 into 5 parts: C(13, 3) of C(14, 4) ways leave the first part at 1, that is 4 of 14
    assertThat(spansOfLength[1]).isBetween(2700, 3020);
  }

  @Test
  void batchesAreAFunctionOfSeedStepAndSample() {
    List<int[]> rows = List.of(text(60), text(60));
    Seq2SeqBatch batch = SPANS.batch(rows, new long[]{4, 9}, 1, 2);
    assertThat(batch.lengths()).containsExactly(batch.time(), batch.time());
    assertThat(batch.labels()).isEqualTo(2L * SPANS.lengths(60).targets());
    Seq2SeqBatch alone = SPANS.batch(rows.subList(0, 1), new long[]{9}, 1, 2);
    assertThat(Arrays.copyOfRange(batch.inputs(), batch.time(), 2 * batch.time())).isEqualTo(alone.inputs());
    assertThat(SPANS.batch(rows, new long[]{4, 9}, 1, 3).inputs()).isNotEqualTo(batch.inputs());
    assertThat(SPANS.batch(rows, new long[]{4, 9}, 2, 2).inputs()).isNotEqualTo(batch.inputs());
  }

  @Test
  void tooFewSentinelsAreToldAsSuch() {
    assertThat(SPANS.lengths(2000).spans()).isEqualTo(100);
    assertThat(SPANS.corrupted(text(2000), CounterRandom.of(1, "test")).inputs()).doesNotContain(VOCABULARY - 101)
        .contains(VOCABULARY - 100);
    assertThatThrownBy(() -> SPANS.corrupted(text(2100), CounterRandom.of(1, "test"))).isInstanceOf(UserError.class)
        .hasMessageContaining("a text of 2100 tokens has 105 spans, the vocabulary only 100 sentinels");
  }
}
