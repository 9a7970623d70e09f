package dev.kindling.data.clean;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Each rule of Rae et al. 2021, section A.1.1 and Table A1, on both sides of its number, worked by hand. */
class GopherTest {
  private static final Rule QUALITY = new GopherQuality();
  private static final Rule REPETITION = new GopherRepetition();

  @Test
  void documentsHaveFiftyToAHundredThousandWords() {
    assertThat(quality("the of " + words(47))).isEqualTo("gopher.words: 49 words, fewer than 50");
    assertThat(quality("the of " + words(48))).isNull();
    assertThat(quality("the of " + "words ".repeat(99_998))).isNull();
    assertThat(quality("the of " + "words ".repeat(99_999))).isEqualTo("gopher.words: 100001 words, more than 100000");
  }

  @Test
  void wordsHaveThreeToTenCharactersOnTheAverage() {
    assertThat(quality("the of to " + "ab ".repeat(60))).startsWith("gopher.wordLength: 2.02 characters a word");
    assertThat(quality("the of " + "abcdefghijkl ".repeat(60)))
        .startsWith("gopher.wordLength: 11.69 characters a word");
  }

  @Test
  void hashesAndEllipsesAreRare() {
    assertThat(quality("the of " + words(98) + " #".repeat(10))).isNull();
    assertThat(quality("the of " + words(98) + " ##".repeat(6))).startsWith("gopher.symbols: 0.113 hashes");
    assertThat(quality("the of " + words(48) + " so...".repeat(6)))
        .startsWith("gopher.symbols: 0.000 hashes and 0.107 ellipses");
    assertThat(quality("the of " + words(48) + " so\u2026".repeat(6))).startsWith("gopher.symbols");
  }

  @Test
  void mostLinesAreProse() {
    String plain = "the of " + words(48) + "\n";
    assertThat(quality(plain + "- item\n".repeat(9))).as("9 of 10").isNull();
    assertThat(quality(plain + "\u2022 item\n".repeat(10)))
        .startsWith("gopher.lines: 0.909 of the lines begin with a bullet");
    assertThat(quality(plain + "on and\n".repeat(6) + "so on...\n".repeat(3))).as("3 of 10").isNull();
    assertThat(quality(plain + "on and\n".repeat(5) + "so on...\n".repeat(3)))
        .startsWith("gopher.lines: 0.333 of the lines end");
  }

  @Test
  void mostWordsHaveALetterAndSomeAreCommon() {
    assertThat(quality("the of " + words(78) + " 1234".repeat(20))).isNull();
    assertThat(quality("the of " + words(78) + " 1234".repeat(21))).startsWith("gopher.letters: 0.792");
    assertThat(quality("The \"Of.\" " + words(48))).isNull();
    assertThat(quality("\uD835\uDC00the of " + words(48))).as("a letter of two halves")
        .startsWith("gopher.stopWords: 1 of");
    assertThat(quality("the the " + words(48))).startsWith("gopher.stopWords: 1 of");
  }

  @Test
  void linesAndParagraphsAreNotRepeated() {
    String seven = "one\ntwo\nthree\nfour\nfive\nsix\nseven\n";
    assertThat(repetition(seven + "a\n".repeat(4))).as("3 of 11").isNull();
    assertThat(repetition(seven + "a\n".repeat(6)))
        .isEqualTo("repetition.lines: 0.385 of the lines are repeated, more than 0.3");
    String four = "abcdefghij\nbcdefghijk\ncdefghijkl\ndefghijklm\n";
    assertThat(repetition(four + "abcdefghij")).as("10 of 50 characters").isNull();
    String line = "efghijklmnopqrstuvwx\n";
    assertThat(repetition(four + line + line))
        .isEqualTo("repetition.lines: 0.250 of the characters are in repeated lines, more than 0.2");
  }

  @Test
  void paragraphsAreWhatStandsBetweenEmptyLines() {
    // 2 of 9 lines, 2 of 6 paragraphs
    assertThat(repetition("one\ntwo\n\nthree\nfour\n\nfive\nsix\n\na\n\na\n\na\n")).isEqualTo(
        "repetition.paragraphs: 0.333 of the paragraphs are repeated, more than 0.3");
  }

  @Test
  void aFewWordsDoNotMakeUpTheText() {
    // 100 characters of words; "ab cd" n times covers 4 n of them
    assertThat(repetition(spread("ab cd", 5, 80))).as("20 of 100").isNull();
    assertThat(repetition(spread("ab cd", 6, 80))).isEqualTo(
        "repetition.words2: 0.231 of the characters are in the most frequent 2 words, more than 0.2");
    assertThat(repetition(spread("ab cd ef", 4, 102))).as("three words: 24 of 126")
        .startsWith("repetition.words3: 0.190");
  }

  @Test
  void longRunsDoNotComeBack() {
    String run = words(10);
    String other = IntStream.range(100, 100 + 45).mapToObj(i -> "word" + i).collect(Collectors.joining(" "));
    assertThat(repetition(run + " " + other)).isNull();
    // the second run has 50 of 415 characters
    assertThat(repetition(run + " " + other + " " + run)).isEqualTo(
        "repetition.words8: 0.120 of the characters are in repeated runs of 8 words, more than 0.12");
    String ninety = IntStream.range(100, 190).mapToObj(i -> "word" + i).collect(Collectors.joining(" "));
    assertThat(repetition(run + " " + ninety + " " + run)).as("50 of 730").isNull();
  }

  @Test
  void overlappingRunsCountOnce() {
    assertThat(repetition("na ".repeat(50))).startsWith("repetition.words2: 1.000 of the characters");
    assertThat(repetition("")).isNull();
  }

  private static String spread(String run, int times, int otherCharacters) {
    StringBuilder text = new StringBuilder();
    int each = otherCharacters / times;
    char c = 'g';
    for (int i = 0; i < times; i++) {
      int length = i == times - 1 ? otherCharacters - each * (times - 1) : each;
      text.append(run).append(' ').append(String.valueOf(c++).repeat(length)).append(' ');
    }
    return text.toString();
  }

  private static String words(int count) {
    return IntStream.range(0, count).mapToObj(i -> "w" + (char) ('a' + i / 26 % 26) + (char) ('a' + i % 26) + "rd")
        .collect(Collectors.joining(" "));
  }

  private static String quality(String text) {
    return QUALITY.apply(text).dropped();
  }

  private static String repetition(String text) {
    return REPETITION.apply(text).dropped();
  }
}
