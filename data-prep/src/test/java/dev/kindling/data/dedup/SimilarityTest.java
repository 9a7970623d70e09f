package dev.kindling.data.dedup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.checkpoint.UserError;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SimilarityTest {
  @Test
  void shinglesAreRunsOfWordsAndAShortTextIsOne() {
    assertThat(Shingles.of("a b c d e f", 5)).hasSize(2).isSorted();
    assertThat(Shingles.of("a b a b a b", 2)).hasSize(2);
    assertThat(Shingles.of("a b c", 5)).hasSize(1).isNotEqualTo(Shingles.of("a b d", 5));
    assertThat(Shingles.of("...", 5)).isEmpty();
  }

  @Test
  void theSimilarityOfSmallSetsIsExact() {
    // {ab, bc, cd} and {bc, cd, de}: 2 of 4
    assertThat(Shingles.similarity(Shingles.of("a b c d", 2), Shingles.of("b c d e", 2))).isEqualTo(0.5);
    assertThat(Shingles.similarity(Shingles.of("a b", 2), Shingles.of("c d", 2))).isZero();
    Random random = new Random(1);
    for (int n = 0; n < 200; n++) {
      long[] a = set(random, random.nextInt(1000), 1200);
      long[] b = set(random, random.nextInt(1000), 1200);
      assertThat(Shingles.similarity(a, b)).isEqualTo(jaccard(a, b));
    }
  }

  @Test
  void theSimilarityOfLargeSetsIsWithinFourStandardErrorsOfTheTruth() {
    Random random = new Random(2);
    for (double truth : new double[]{0.2, 0.5, 0.8, 0.95}) {
      long[] a = LongStream.generate(random::nextLong).limit(20_000).toArray();
      int shared = (int) (2 * truth / (1 + truth) * a.length);
      long[] b = LongStream
          .concat(Arrays.stream(a, 0, shared), LongStream.generate(random::nextLong).limit(a.length - shared))
          .toArray();
      Arrays.sort(a);
      Arrays.sort(b);
      double error = Math.sqrt(truth * (1 - truth) / Shingles.SKETCH);
      assertThat(Shingles.similarity(Shingles.sketch(a), Shingles.sketch(b))).isCloseTo(truth, within(4 * error));
    }
  }

  @Test
  void signaturesAgreeAsOftenAsTheSetsAreSimilar() {
    MinHash hash = new MinHash(200, 5);
    Random random = new Random(3);
    for (double truth : new double[]{0.3, 0.6, 0.9}) {
      long[] a = LongStream.generate(random::nextLong).limit(500).toArray();
      int shared = (int) (2 * truth / (1 + truth) * a.length);
      long[] b = LongStream
          .concat(Arrays.stream(a, 0, shared), LongStream.generate(random::nextLong).limit(a.length - shared))
          .toArray();
      int[] first = hash.signature(a);
      int[] second = hash.signature(b);
      long agree = java.util.stream.IntStream.range(0, first.length).filter(i -> first[i] == second[i]).count();
      assertThat(agree / 1000.0).isCloseTo(truth, within(4 * Math.sqrt(truth * (1 - truth) / 1000)));
    }
  }

  @Test
  void bucketsOfDifferentBandsDiffer() {
    long[] buckets = new MinHash(20, 1).buckets(new long[]{42});
    assertThat(Arrays.stream(buckets).distinct().count()).isEqualTo(20);
  }

  @Test
  void settingsThatWouldMissPairsAreRefusedWithTheProbability() {
    // 1 - (1 - 0.8^6)^20 = 0.9977, and with 13 rows 1 - (1 - 0.8^13)^20 = 0.676
    NearSettings.defaults();
    assertThatThrownBy(() -> new NearSettings(5, 20, 13, 0.8)).isInstanceOf(UserError.class)
        .hasMessageContaining("bands is 20").hasMessageContaining("only 0.68 of the pairs");
  }

  @Test
  void paragraphsStandBetweenEmptyLines() {
    assertThat(Paragraphs.of("\n a\nb\n \t\n\nc\n")).containsExactly(" a\nb", "c");
    assertThat(Paragraphs.of("")).isEmpty();
    assertThat(Paragraphs.without("a\n\n\nb\n\nc", "b"::equals)).isEqualTo("a\n\nc");
    assertThat(Paragraphs.without("a\n\n\nb", "x"::equals)).isEqualTo("a\n\n\nb");
  }

  private static long[] set(Random random, int size, int universe) {
    return LongStream.generate(() -> random.nextInt(universe)).limit(size).distinct().sorted().toArray();
  }

  private static double jaccard(long[] a, long[] b) {
    Set<Long> both = new HashSet<>();
    Set<Long> either = new HashSet<>();
    for (long x : a) both.add(x);
    either.addAll(both);
    Set<Long> second = new HashSet<>();
    for (long x : b) second.add(x);
    both.retainAll(second);
    either.addAll(second);
    return either.isEmpty() ? 0 : (double) both.size() / either.size();
  }
}
