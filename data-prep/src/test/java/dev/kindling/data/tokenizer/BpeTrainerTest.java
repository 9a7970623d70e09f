package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class BpeTrainerTest {
  @Test
  void aPairThatOccursMoreOftenThanAnIntHoldsIsMergedFirst() {
    // tokenizers#2058: with 32-bit counts the commonest pair turned negative and was never merged
    assertThat(merges(train(258, new CountedWord("aa", 3_000_000_000L), new CountedWord("bc", 2_000_000_000L))))
        .containsExactly("a a");
  }

  @Test
  void aWordOfManySpacesCountsEachOfItsPairs() {
    // 30,000,000 lines of 80 spaces: 79 pairs each, 2,370,000,000 in all, against 2,200,000,000 of another
    assertThat(merges(train(258, new CountedWord(" ".repeat(80), 30_000_000L), new CountedWord("bc", 2_200_000_000L))))
        .containsExactly("\u0120 \u0120");
  }

  @Test
  void pairsThatOccurEquallyOftenAreMergedInTheOrderOfTheirIds() {
    // tokenizers#1065, #2066; the right order is that of Hugging Face's comparator
    List<CountedWord> words = List.of(new CountedWord("dc", 2), new CountedWord("ba", 2), new CountedWord("cd", 2),
        new CountedWord("ab", 2));
    for (int i = 0; i < 10; i++) {
      List<CountedWord> shuffled = new ArrayList<>(words);
      Collections.shuffle(shuffled, new Random(i));
      assertThat(merges(train(261, shuffled.toArray(CountedWord[]::new)))).containsExactly("a b", "b a", "c d", "d c");
    }
  }

  @Test
  void everyMergeIsOfTheCommonestPairOfWhatIsLeft() {
    SplittableRandom random = new SplittableRandom(5);
    for (int round = 0; round < 90; round++) {
      CountedWord[] words = new CountedWord[12];
      for (int i = 0; i < words.length; i++) {
        StringBuilder word = new StringBuilder();
        for (int k = random.nextInt(2, 14); k > 0; k--) word.append((char) ('a' + random.nextInt(1 + round % 3)));
        words[i] = new CountedWord(word.toString(), random.nextInt(1, 5));
      }
      List<String> expected = MergesByDefinition.of(List.of(words), 3);
      int tokens = (int) expected.stream().map(merge -> merge.replace(" ", "")).distinct().count();
      assertThat(merges(train(257 + tokens, words))).as("%s", List.of(words)).isEqualTo(expected);
    }
  }

  @Test
  void idsAreTheEndOfTextThenTheBytesInTheirAlphabetThenTheMerges() {
    Tokenizer tokenizer = train(258, new CountedWord("ab", 1));
    assertThat(tokenizer.endOfText()).isZero();
    assertThat(tokenizer.encode("!")).containsExactly(1);
    assertThat(tokenizer.encode("~")).containsExactly(94);
    assertThat(tokenizer.encode("\u0000")).containsExactly(189);
    assertThat(tokenizer.encode("ab")).containsExactly(257);
    assertThat(tokenizer.vocabularySize()).isEqualTo(258);
  }

  @Test
  void aVocabularyThatTheCorpusCannotFillIsRefusedWithWhatItCan() {
    assertThatThrownBy(() -> train(300, new CountedWord("abc", 1))).isInstanceOf(UserError.class)
        .hasMessageContaining("vocabularySize is 300").hasMessageContaining("only 259");
    assertThatThrownBy(() -> train(256, new CountedWord("abc", 1))).isInstanceOf(UserError.class)
        .hasMessageContaining("257");
  }

  private static Tokenizer train(int size, CountedWord... words) {
    return BpeTrainer.train(List.of(words), size, reached -> {});
  }

  private static List<String> merges(Tokenizer tokenizer) {
    return MergesByDefinition.written(tokenizer);
  }
}
