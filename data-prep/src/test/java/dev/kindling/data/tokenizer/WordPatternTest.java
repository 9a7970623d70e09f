package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import dev.kindling.checkpoint.UserError;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Hugging Face's library, which runs the expressions themselves, says where the words of each pattern end. */
class WordPatternTest {
  @ParameterizedTest
  @EnumSource
  void everySpellingCutsRandomTextsWhereTheExpressionDoes(WordPattern pattern) throws IOException {
    for (String regex : pattern.spellings()) {
      try (HuggingFaceTokenizer theirs = theirs(regex)) {
        SplittableRandom random = new SplittableRandom(14);
        for (int i = 0; i < 4000; i++) assertSameWords(pattern, theirs, RandomText.ofClasses(random));
        for (int i = 0; i < 1000; i++) assertSameWords(pattern, theirs, RandomText.next(random));
      }
    }
  }

  @Test
  void codePointsAreOfTheCaseThatTheExpressionSees() throws IOException {
    assertSameClasses(IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
        .filter(c -> c < 0x3400 || c >= 0xA000 && c < 0xAC00 || c >= 0xF900 && c < 0x12000
            || c >= 0x16000 && c < 0x17000 || c >= 0x1A000 && c < 0x20000 || c % 97 == 0));
  }

  @Tag("slow")
  @Test
  void everyCodePointIsOfTheCaseThatTheExpressionSees() throws IOException {
    assertSameClasses(IntStream.rangeClosed(0, Character.MAX_CODE_POINT));
  }

  @Test
  void theLongSIsAnSInAnyCase() {
    assertThat(words(WordPattern.LLAMA3, "it'\u017Fo'S'Llamas")).containsExactly("it", "'\u017F", "o", "'S", "'Ll",
        "amas");
    assertThat(words(WordPattern.GPT2, "it'S")).containsExactly("it", "'", "S");
  }

  @Test
  void whiteSpaceAtTheEndIsOneWordOnlyInTheExpressionThatSaysSo() {
    assertThat(words(WordPattern.CL100K, "a\n  ")).containsExactly("a", "\n  ");
    assertThat(words(WordPattern.LLAMA3, "a\n  ")).containsExactly("a", "\n", "  ");
  }

  @Test
  void textsAreComposedAsTheLibraryComposesThemAroundSpecialTokens() throws IOException {
    String json = bytesOnly(WordPattern.QWEN2.regex()).replace("\"normalizer\" : null",
        "\"normalizer\" : {\"type\": \"NFC\"}").replace("\"added_tokens\" : [ ]",
            "\"added_tokens\" : ["
                + "{\"id\": 256, \"content\": \"<e\u0301>\", \"special\": true, \"normalized\": false,"
                + " \"single_word\": false, \"lstrip\": false, \"rstrip\": false}]");
    assertThat(json).contains("NFC", "256");
    Tokenizer ours = Tokenizer.parse(json, "t.json");
    String[] parts = {"e", "\u0301", "\u0323", "\u1100", "\u1161", "\u11A8", "\u212B", "\u0958", "\u1E0A", "<e\u0301>",
        "<\u00E9>",
        "\u0344", "\uD834\uDD5E", "a", " ", "12", "\uF900", "\u0F73"};
    SplittableRandom random = new SplittableRandom(3);
    try (HuggingFaceTokenizer theirs = open(json)) {
      for (int i = 0; i < 3000; i++) {
        StringBuilder text = new StringBuilder();
        for (int k = random.nextInt(12); k > 0; k--) text.append(parts[random.nextInt(parts.length)]);
        long[] ids = theirs.encode(text.toString(), false, false).getIds();
        assertThat(ours.encode(text.toString())).as(text.toString())
            .isEqualTo(Arrays.stream(ids).mapToInt(Math::toIntExact).toArray());
      }
    }
  }

  @Test
  void whatIsNotMatchedMayBeRemovedSinceThereIsNothing() throws IOException {
    String json = bytesOnly(WordPattern.O200K.regex()).replace("Isolated", "Removed").replace("\"invert\" : false",
        "\"invert\" : true");
    Tokenizer ours = Tokenizer.parse(json, "t.json");
    SplittableRandom random = new SplittableRandom(4);
    try (HuggingFaceTokenizer theirs = open(json)) {
      for (int i = 0; i < 500; i++) {
        String text = RandomText.ofClasses(random);
        assertSameWords(WordPattern.O200K, theirs, text);
        assertThat(ours.encode(text)).hasSameSizeAs(theirs.encode(text, false, false).getIds());
      }
    }
  }

  @Test
  void anUnknownExpressionIsRefusedByName() {
    String json = bytesOnly(WordPattern.LLAMA3.regex()).replace("{1,3}", "{1,4}");
    assertThatThrownBy(() -> Tokenizer.parse(json, "t.json")).isInstanceOf(UserError.class)
        .hasMessageStartingWith("t.json").hasMessageContaining("{1,4}").hasMessageContaining("GPT-4o");
    String merged = bytesOnly(WordPattern.LLAMA3.regex()).replace("Isolated", "MergedWithNext");
    assertThatThrownBy(() -> Tokenizer.parse(merged, "t.json")).isInstanceOf(UserError.class)
        .hasMessageContaining("MergedWithNext");
  }

  private static void assertSameClasses(IntStream codePoints) throws IOException {
    int[] all = codePoints.filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE).toArray();
    try (HuggingFaceTokenizer theirs = theirs(WordPattern.O200K.regex())) {
      for (int start = 0; start < all.length; start += 64) {
        StringBuilder text = new StringBuilder();
        for (int c : Arrays.copyOfRange(all, start, Math.min(all.length, start + 64)))
          text.append("a").appendCodePoint(c).append("a ..").appendCodePoint(c).append("1").appendCodePoint(c)
              .append(" A").appendCodePoint(c).append(" ");
        assertSameWords(WordPattern.O200K, theirs, text.toString());
      }
    }
  }

  /** Every byte is a token, and has the number of its word. */
  private static void assertSameWords(WordPattern pattern, HuggingFaceTokenizer theirs, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    long[] numbers = new long[utf8.length];
    long word = 0;
    for (int i = 0; i < utf8.length; word++) {
      int end = pattern.words().wordEnd(utf8, i, utf8.length);
      Arrays.fill(numbers, i, end, word);
      i = end;
    }
    if (!Arrays.equals(numbers, theirs.encode(text, false, false).getWordIds()))
      assertThat(numbers).as("%s: %s", pattern, words(pattern, text))
          .isEqualTo(theirs.encode(text, false, false).getWordIds());
  }

  private static List<String> words(WordPattern pattern, String text) {
    List<String> words = new ArrayList<>();
    pattern.words().forEachWord(text, words::add);
    assertThat(String.join("", words)).isEqualTo(text);
    return words;
  }

  private static HuggingFaceTokenizer theirs(String regex) throws IOException {
    return open(bytesOnly(regex));
  }

  private static HuggingFaceTokenizer open(String json) throws IOException {
    return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json.getBytes(StandardCharsets.UTF_8)),
        Map.of("truncation", "false", "padding", "false"));
  }

  private static String bytesOnly(String regex) {
    Map<String, Integer> names = new HashMap<>();
    for (int b = 0; b < ByteAlphabet.SIZE; b++) names.put(ByteAlphabet.nameOf(new byte[]{(byte) b}), b);
    String written = TokenizerJson
        .write(new Vocabulary(names, List.of(), List.of(), false, false, WordPattern.LLAMA3.words(), false));
    return written.replace(quoted(WordPattern.LLAMA3.regex()), quoted(regex));
  }

  private static String quoted(String regex) {
    return regex.replace("\\", "\\\\");
  }
}
