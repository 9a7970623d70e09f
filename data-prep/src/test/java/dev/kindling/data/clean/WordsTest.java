package dev.kindling.data.clean;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WordsTest {
  @Test
  void caseAndPunctuationAndSpacesDoNotCount() {
    assertThat(Words.of("The cat's \u2014 \"HAT\"!").grams(2)).isEqualTo(Words.of("the cat s hat").grams(2));
    assertThat(Words.of("a b c").grams(2)).isNotEqualTo(Words.of("b a c").grams(2));
    assertThat(Words.of("ab c").grams(1)).isNotEqualTo(Words.of("a bc").grams(1));
  }

  @Test
  void wordsAreRunsOfLettersAndDigitsAndKnowWhereTheyBegin() {
    Words words = Words.of("  x1, \u0928\u092E\u0938\u094D\u0924\u0947 z");
    assertThat(words.count()).isEqualTo(3);
    assertThat(words.start(1)).isEqualTo(6);
    assertThat(Words.of("...").count()).isZero();
  }

  @Test
  void inScriptsWithoutSpacesEveryCharacterIsAWord() {
    assertThat(Words.of("\u6771\u4EAC\u90FD is big").count()).isEqualTo(5);
    assertThat(Words.of("x\u6771y").count()).isEqualTo(3);
  }

  @Test
  void marksBelongToTheLetterBeforeThemInThoseScriptsToo() {
    Words thai = Words.of("\u0E01\u0E34\u0E19 x");                // ko kai with sara i, no nu
    assertThat(thai.count()).isEqualTo(3);
    assertThat(thai.start(1)).isEqualTo(2);
    assertThat(thai.grams(1)[0]).isNotEqualTo(Words.of("\u0E01").grams(1)[0])
        .isNotEqualTo(Words.of("\u0E01\u0E35").grams(1)[0]);
  }

  @Test
  void shortTextsHaveNoLongRuns() {
    assertThat(Words.of("one two").grams(3)).isEmpty();
    assertThat(Words.of("one two three").grams(3)).hasSize(1);
  }
}
