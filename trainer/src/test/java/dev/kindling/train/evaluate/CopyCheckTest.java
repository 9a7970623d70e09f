package dev.kindling.train.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CopyCheckTest {
  @Test
  void wordsAreKnownWhenTheCorpusHasThemAndTheCutOffLastOneDoesNotCount() {
    List<String> corpus = List.of("The people's union is strong.", "It is free, and at peace.");
    // of people's, Is, it, free (peace and stro end their samples) the corpus has people's and free: case counts
    assertThat(CopyCheck.knownWords(List.of("people's peace", "Is it free? stro"), corpus)).isEqualTo(2 / 4.0);
    assertThat(CopyCheck.knownWords(List.of("12, 13!"), corpus)).isEqualTo(1);
  }

  @Test
  void theLongestCopyIsTheLongestRunThatBothHave() {
    Random random = new Random(1);
    for (int trial = 0; trial < 300; trial++) {
      int[] sample = random.ints(1 + random.nextInt(12), 0, 3).toArray();
      List<int[]> documents = List.of(random.ints(random.nextInt(20), 0, 3).toArray(),
          random.ints(random.nextInt(20), 0, 4).toArray());
      int longest = 0;
      for (int[] tokens : documents) {
        for (int i = 0; i < sample.length; i++) {
          for (int j = 0; j < tokens.length; j++) {
            int run = 0;
            while (i + run < sample.length && j + run < tokens.length && sample[i + run] == tokens[j + run]) run++;
            longest = Math.max(longest, run);
          }
        }
      }
      assertThat(CopyCheck.longestCopy(sample, documents)).isEqualTo(longest);
    }
  }
}
