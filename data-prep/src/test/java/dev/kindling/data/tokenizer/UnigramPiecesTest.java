package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** All ways to cut a word, listed, are the oracle. */
class UnigramPiecesTest {
  private static final int BITS = 40;

  /** Pieces of the letters a, b and c, all three and some longer ones, with probabilities at random. */
  private static UnigramPieces random(SplittableRandom random) {
    Set<String> names = new LinkedHashSet<>(List.of("a", "b", "c"));
    for (int i = random.nextInt(12); i > 0; i--) names.add(word(random, random.nextInt(2, 5)));
    return new UnigramPieces(List.copyOf(names), random.doubles(names.size(), -12, -0.5).toArray());
  }

  private static String word(SplittableRandom random, int length) {
    StringBuilder word = new StringBuilder();
    for (int k = length; k > 0; k--) word.append((char) ('a' + random.nextInt(3)));
    return word.toString();
  }

  /** Every way to cut a word into pieces. */
  private static List<int[]> cuts(UnigramPieces pieces, String word) {
    List<int[]> cuts = new ArrayList<>();
    if (word.isEmpty()) cuts.add(new int[0]);
    for (int piece = 0; piece < pieces.size(); piece++) {
      if (!word.startsWith(pieces.names().get(piece))) continue;
      for (int[] rest : cuts(pieces, word.substring(pieces.names().get(piece).length()))) {
        int[] cut = new int[rest.length + 1];
        cut[0] = piece;
        System.arraycopy(rest, 0, cut, 1, rest.length);
        cuts.add(cut);
      }
    }
    return cuts;
  }

  private static double score(UnigramPieces pieces, int[] cut) {
    return Arrays.stream(cut).mapToDouble(piece -> pieces.scores()[piece]).sum();
  }

  @Test
  void theBestCutIsTheMostProbableOfAll() {
    SplittableRandom random = new SplittableRandom(1);
    for (int round = 0; round < 300; round++) {
      UnigramPieces pieces = random(random);
      String word = word(random, random.nextInt(1, 9));
      int[] best = cuts(pieces, word).stream().max(Comparator.comparingDouble(cut -> score(pieces, cut))).orElseThrow();
      assertThat(pieces.best(word)).isEqualTo(best);
    }
  }

  @Test
  void theAlternativeIsTheMostProbableCutIntoOthers() {
    SplittableRandom random = new SplittableRandom(2);
    for (int round = 0; round < 100; round++) {
      UnigramPieces pieces = random(random);
      for (int piece = 0; piece < pieces.size(); piece++) {
        int[] other = cuts(pieces, pieces.names().get(piece)).stream().filter(cut -> cut.length > 1)
            .max(Comparator.comparingDouble(cut -> score(pieces, cut))).orElse(null);
        assertThat(pieces.alternative(piece)).isEqualTo(other);
      }
    }
  }

  @Test
  void aPieceIsExpectedAsOftenAsItIsInTheCutsByTheirProbabilities() {
    SplittableRandom random = new SplittableRandom(3);
    for (int round = 0; round < 300; round++) {
      UnigramPieces pieces = random(random);
      String word = word(random, random.nextInt(1, 9));
      double[] expected = new double[pieces.size()];
      double all = 0;
      for (int[] cut : cuts(pieces, word)) {
        double probability = Math.exp(score(pieces, cut));
        all += probability;
        for (int piece : cut) expected[piece] += 3 * probability;
      }
      long[] sums = new long[pieces.size()];
      double[] probabilities = Arrays.stream(pieces.scores()).map(Math::exp).toArray();
      assertThat(pieces.addExpected(word, 3, probabilities, BITS, sums)).isTrue();
      for (int piece = 0; piece < sums.length; piece++)
        assertThat(Math.scalb((double) sums[piece], -BITS)).isCloseTo(expected[piece] / all, within(1e-9));
    }
  }

  @Test
  void aWordWhoseProbabilityIsFarBelowTheSmallestNumberIsCountedWhole() {
    UnigramPieces pieces = new UnigramPieces(List.of("a", "aa"), new double[]{-20, -40});
    long[] sums = new long[2];
    assertThat(pieces.addExpected("a".repeat(5000), 1, new double[]{Math.exp(-20), Math.exp(-40)}, BITS, sums))
        .isTrue();
    assertThat(Math.scalb((double) sums[0] + 2 * sums[1], -BITS)).isCloseTo(5000, within(1e-6));
  }

  @Test
  void aCharacterWithoutAPieceIsUnknown() {
    UnigramPieces pieces = new UnigramPieces(List.of("a", "b", "\uD83D\uDE00"), new double[]{-1, -2, -3});
    assertThat(pieces.best("a\uD83D\uDE01\uD83D\uDE00xb"))
        .containsExactly(0, UnigramPieces.UNKNOWN, 2, UnigramPieces.UNKNOWN, 1);
    assertThat(pieces.addExpected("ax", 1, new double[]{1, 1, 1}, BITS, new long[3])).isFalse();
  }

  /** Abramowitz and Stegun 1964, tables 6.1 and 6.3.2 to 6.3.3: minus Euler's constant, that less 2 log 2, and psi(10). */
  @Test
  void digammaHasItsPublishedValues() {
    assertThat(UnigramTraining.digamma(1)).isCloseTo(-0.5772156649015329, within(1e-9));
    assertThat(UnigramTraining.digamma(0.5)).isCloseTo(-1.9635100260214235, within(1e-9));
    assertThat(UnigramTraining.digamma(10)).isCloseTo(2.251752589066721, within(1e-9));
  }
}
