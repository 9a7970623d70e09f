package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.data.corpus.BundledCorpus;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Hugging Face tokenizers, in Rust behind DJL, are the oracle for every id. */
class HuggingFaceAgreementTest {
  private static final List<String> CORPUS = new ArrayList<>();
  private static Tokenizer ours;
  private static HuggingFaceTokenizer theirs;

  @BeforeAll
  static void trainOnTheBundledCorpus() throws IOException {
    CORPUS.addAll(corpus());
    ours = BpeTrainer.train(count(CORPUS), 2048, size -> {});
    theirs = HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(ours.json().getBytes(StandardCharsets.UTF_8)),
        Map.of("truncation", "false", "padding", "false"));
  }

  /** The bundled documents. */
  static List<String> corpus() throws IOException {
    List<String> corpus = new ArrayList<>();
    try (BufferedReader lines = new BufferedReader(
        new InputStreamReader(BundledCorpus.open(), StandardCharsets.UTF_8))) {
      ObjectMapper json = new ObjectMapper();
      for (String line = lines.readLine(); line != null; line = lines.readLine())
        corpus.add(json.readTree(line).get("text").textValue());
    }
    return corpus;
  }

  @AfterAll
  static void close() {
    theirs.close();
  }

  @Test
  void theMergesAreThoseOfTheirOwnTrainer() throws IOException {
    assertThat(MergesByDefinition.written(ours)).isEqualTo(Files.readAllLines(Path.of("../golden/merges.txt")));
  }

  @Test
  void theWholeBundledCorpusHasTheSameIds() {
    for (String text : CORPUS) {
      int[] ids = ours.encode(text);
      assertThat(ids).isEqualTo(encodeTheirs(text));
      assertThat(ours.decode(ids)).isEqualTo(text);
    }
  }

  @Test
  void manyThreadsWithOneTokenizerGetTheSameIds() {
    Tokenizer shared = Tokenizer.parse(ours.json(), "shared");
    List<String> texts = CORPUS.subList(0, 60);
    List<int[]> ids = texts.parallelStream().map(shared::encode).toList();
    for (int i = 0; i < texts.size(); i++) assertThat(ids.get(i)).isEqualTo(ours.encode(texts.get(i)));
  }

  @Test
  void tenThousandRandomStringsHaveTheSameIdsAndDecodeToThemselves() {
    SplittableRandom random = new SplittableRandom(20260101);
    for (int i = 0; i < 10_000; i++) {
      String text = RandomText.next(random);
      int[] ids = ours.encode(text);
      assertThat(ids).as(text).isEqualTo(encodeTheirs(text));
      assertThat(ours.decode(ids)).isEqualTo(text);
    }
  }

  @Test
  void codePointsAreOfTheClassThatTheirExpressionSees() {
    // all where scripts lie close together, samples of the large uniform blocks
    assertSameClasses(IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
        .filter(c -> c < 0x3400 || c >= 0xA000 && c < 0xAC00 || c >= 0xF900 && c < 0x17000
            || c >= 0x1A000 && c < 0x20000 || c % 97 == 0));
  }

  @Tag("slow")
  @Test
  void everyCodePointIsOfTheClassThatTheirExpressionSees() {
    assertSameClasses(IntStream.rangeClosed(0, Character.MAX_CODE_POINT));
  }

  @Test
  void specialTokensInTheTextAreFoundWhereTheyFindThem() {
    for (String text : List.of("<|endoftext|>", "a<|endoftext|>b", " <|endoftext|> ", "<|endoftext|><|endoftext|>",
        "<|endoftext|", "  <<|endoftext|>>  \n", "it's<|endoftext|>'s"))
      assertThat(ours.encode(text)).as(text).isEqualTo(encodeTheirs(text));
  }

  /** Each code point joins a letter, a number, a mark or a space: another class cuts elsewhere, and the words' numbers differ. */
  private static void assertSameClasses(IntStream codePoints) {
    int[] all = codePoints.filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE).toArray();
    for (int start = 0; start < all.length; start += 64) {
      StringBuilder text = new StringBuilder();
      for (int c : Arrays.copyOfRange(all, start, Math.min(all.length, start + 64)))
        text.append("a").appendCodePoint(c).append("1").appendCodePoint(c).append(".").appendCodePoint(c).append(" ");
      assertThat(wordNumbersOurs(text.toString())).as("from U+%04X", all[start])
          .isEqualTo(theirs.encode(text.toString(), false, false).getWordIds());
    }
  }

  private static int[] encodeTheirs(String text) {
    return Arrays.stream(theirs.encode(text, false, false).getIds()).mapToInt(Math::toIntExact).toArray();
  }

  private static long[] wordNumbersOurs(String text) {
    List<Long> numbers = new ArrayList<>();
    AtomicLong number = new AtomicLong();
    WordPattern.GPT2.words().forEachWord(text, word -> {
      for (int k = ours.encode(word).length; k > 0; k--) numbers.add(number.get());
      number.incrementAndGet();
    });
    return numbers.stream().mapToLong(Long::longValue).toArray();
  }

  private static List<CountedWord> count(List<String> texts) {
    Map<String, Long> counts = new HashMap<>();
    for (String text : texts) WordPattern.GPT2.words().forEachWord(text, word -> counts.merge(word, 1L, Long::sum));
    List<CountedWord> words = new ArrayList<>();
    counts.forEach((word, count) -> words.add(new CountedWord(word, count)));
    return words;
  }
}
