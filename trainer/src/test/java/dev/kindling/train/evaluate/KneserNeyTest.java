package dev.kindling.train.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KneserNeyTest {
  /** Tokens that follow each other with a preference, so that counts of all sizes occur. */
  private static int[] text(int vocabulary, int length, long seed) {
    Random random = new Random(seed);
    int[] tokens = new int[length];
    for (int i = 1; i < length; i++) {
      int skewed = (int) (vocabulary * Math.pow(random.nextDouble(), 3));
      tokens[i] = random.nextInt(3) == 0 ? skewed : (tokens[i - 1] * 7 + skewed / 4) % vocabulary;
    }
    return tokens;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 5})
  void theProbabilitiesOfAVocabularySumToOneAfterAnyHistory(int order) {
    int vocabulary = 50;
    KneserNey model = KneserNey.train(order, vocabulary, List.of(text(vocabulary, 3_000, 1), text(vocabulary, 40, 2)));
    Random random = new Random(5);
    for (int trial = 0; trial < 200; trial++) {
      int[] tokens = trial % 2 == 0 ? text(vocabulary, 9, trial) : random.ints(9, 0, vocabulary).toArray();
      int at = random.nextInt(9);
      double sum = 0;
      for (int w = 0; w < vocabulary; w++) {
        tokens[at] = w;
        double p = model.probability(tokens, at);
        assertThat(p).isPositive();
        sum += p;
      }
      assertThat(sum).isCloseTo(1, within(1e-12));
    }
  }

  @Test
  void aCorpusOfFiveTokensGivesWhatOneCountsByHand() {
    // a b a b a, vocabulary {a, b, c}. Too small for estimates: the discounts are 1/2, 1, 3/2 for counts 1, 2, 3.
    KneserNey model = KneserNey.train(2, 3, List.of(new int[]{0, 1, 0, 1, 0}));
    // what stood before a: the start and b; before b: a. So c(a) = 2, c(b) = 1, discounts 1 and 1/2, 3 in all
    double a = (2 - 1) / 3.0 + (1 + 0.5) / 3.0 / 3.0;
    double b = (1 - 0.5) / 3.0 + (1 + 0.5) / 3.0 / 3.0;
    double c = (1 + 0.5) / 3.0 / 3.0;
    assertThat(model.probability(new int[]{0}, 0)).isCloseTo(a, within(1e-15));
    assertThat(model.probability(new int[]{1}, 0)).isCloseTo(b, within(1e-15));
    assertThat(model.probability(new int[]{2}, 0)).isCloseTo(c, within(1e-15));
    // after a: b twice, discount 1
    assertThat(model.probability(new int[]{0, 1}, 1)).isCloseTo((2 - 1) / 2.0 + 1 / 2.0 * b, within(1e-15));
    assertThat(model.probability(new int[]{0, 2}, 1)).isCloseTo(1 / 2.0 * c, within(1e-15));
    // c was never a history
    assertThat(model.probability(new int[]{2, 0}, 1)).isCloseTo(a, within(1e-15));
  }

  @ParameterizedTest
  @CsvSource({"2,30", "3,30", "5,30", "4,300"})
  void anotherWayOfCountingGivesTheSameProbabilities(int order, int vocabulary) {
    List<int[]> documents = List.of(text(vocabulary, 2_500, 3), text(vocabulary, 3, 4), text(vocabulary, 900, 5));
    KneserNey model = KneserNey.train(order, vocabulary, documents);
    Reference reference = new Reference(order, vocabulary, documents);
    int[] heldOut = text(vocabulary, 400, 6);
    for (int at = 0; at < heldOut.length; at++) {
      List<Integer> tokens = new ArrayList<>();
      for (int i = Math.max(0, at - order + 1); i <= at; i++) tokens.add(heldOut[i]);
      assertThat(model.probability(heldOut, at)).as("place %d", at).isCloseTo(reference.probability(tokens),
          within(1e-12));
    }
  }

  /** The formulas again, on sets of lists: slow and plain. */
  private static final class Reference {
    private final int vocabulary;
    private final List<Map<List<Integer>, Integer>> counts = new ArrayList<>();

    Reference(int order, int vocabulary, List<int[]> documents) {
      this.vocabulary = vocabulary;
      for (int n = 1; n <= order; n++) {
        Map<List<Integer>, Integer> count = new HashMap<>();
        Map<List<Integer>, Set<Integer>> before = new HashMap<>();
        for (int[] tokens : documents) {
          for (int i = 0; i + n <= tokens.length; i++) {
            List<Integer> gram = Arrays.stream(tokens, i, i + n).boxed().toList();
            count.merge(gram, 1, Integer::sum);
            // each document's start is a predecessor of its own
            int previous = i == 0 ? -1 - documents.indexOf(tokens) : tokens[i - 1];
            before.computeIfAbsent(gram, g -> new HashSet<>()).add(previous);
          }
        }
        if (n < order) before.forEach((gram, tokens) -> count.put(gram, tokens.size()));
        counts.add(count);
      }
    }

    double probability(List<Integer> gram) {
      if (gram.isEmpty()) return 1.0 / vocabulary;
      double shorter = probability(gram.subList(1, gram.size()));
      Map<List<Integer>, Integer> level = counts.get(gram.size() - 1);
      List<Integer> history = gram.subList(0, gram.size() - 1);
      double total = 0;
      double freed = 0;
      for (Map.Entry<List<Integer>, Integer> each : level.entrySet()) {
        if (!each.getKey().subList(0, history.size()).equals(history)) continue;
        total += each.getValue();
        freed += discount(level, each.getValue());
      }
      if (total == 0) return shorter;
      int count = level.getOrDefault(gram, 0);
      return (count - (count == 0 ? 0 : discount(level, count)) + freed * shorter) / total;
    }

    private static double discount(Map<List<Integer>, Integer> level, int count) {
      double[] t = new double[5];
      for (int c : level.values()) if (c < 5) t[c]++;
      int i = Math.min(count, 3);
      if (t[1] * t[2] * t[3] * t[4] == 0) return i / 2.0;
      double y = t[1] / (t[1] + 2 * t[2]);
      return Math.max(0, Math.min(i, i - (i + 1) * y * t[i + 1] / t[i]));
    }
  }

  @Test
  void everyTokenFromTheFirstPlaceOnIsScoredOnce() {
    TokenModel half = (tokens, at) -> 0.5;
    TokenModel.Score score = half.score(List.of(new int[5], new int[0], new int[1], new int[3]), 1);
    assertThat(score.tokens()).isEqualTo(6);
    assertThat(score.perplexity()).isCloseTo(2, within(1e-12));
  }

  @Test
  void singleTokensWithOneAddedToEachCount() {
    Unigram model = Unigram.train(3, List.of(new int[]{0, 0}, new int[]{1}));
    assertThat(model.probability(new int[]{0}, 0)).isEqualTo(0.5);
    assertThat(model.probability(new int[]{2, 2, 2}, 1)).isCloseTo(1 / 6.0, within(1e-15));
  }
}
