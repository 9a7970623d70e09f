package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.withinPercentage;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.clean.Normalizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Hugging Face tokenizers, in Rust behind DJL, are the oracle for ids; what their own trainer reaches is in a golden file. */
class UnigramTrainerTest {
  private static final int PIECES = 4093;
  private static List<String> corpus;
  private static Map<String, Long> words;
  private static Tokenizer ours;

  @BeforeAll
  static void trainOnTheBundledCorpus() throws IOException {
    corpus = HuggingFaceAgreementTest.corpus();
    words = new HashMap<>();
    for (String text : corpus) UnigramWords.forEachWord(text, word -> words.merge(word, 1L, Long::sum));
    ours = UnigramTrainer.train(counted(), PIECES + 103, left -> {});
  }

  private static List<CountedWord> counted() {
    return words.entrySet().stream().map(one -> new CountedWord(one.getKey(), one.getValue())).toList();
  }

  @Test
  void itsPiecesFitTheCorpusAsWellAsThoseOfTheirTrainer() throws IOException {
    JsonNode theirs = new ObjectMapper().readTree(Path.of("../golden/unigram.json").toFile());
    assertThat(theirs.path("pieces").asInt()).isEqualTo(PIECES);
    JsonNode vocabulary = TokenizerJson.parse(ours.json(), "t").path("model").path("vocab");
    long tokens = 0;
    double logarithm = 0;
    for (String text : corpus) {
      for (int id : ours.encode(text)) {
        tokens++;
        logarithm += vocabulary.path(id).path(1).asDouble();
      }
    }
    assertThat(words.values().stream().mapToLong(count -> count).sum()).isEqualTo(theirs.path("words").asLong());
    assertThat(tokens).isCloseTo(theirs.path("tokens").asLong(), withinPercentage(2));
    assertThat(logarithm).isCloseTo(theirs.path("logarithm").asDouble(), withinPercentage(2));
  }

  @Test
  void theBundledDocumentsAndTenThousandRandomStringsHaveTheSameIds() throws IOException {
    assertSameIds(corpus.subList(0, 40));
    SplittableRandom random = new SplittableRandom(20260303);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) texts.add(RandomText.next(random));
    assertSameIds(texts);
    assertSameIds(List.of("<extra_id_0> a <extra_id_99></s>", "", " ", "  two  spaces ", "\u4E2D\u6587 and\u4E2D",
        "\uFF21\uFF22\uFF23 \uFB01sh", "line\nends\r\nhere", "\u2581already", "a".repeat(3000)));
  }

  @Test
  void everyCodePointIsNormalizedAsTheyDo() throws IOException {
    int[] all = IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
        .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
        .filter(c -> c < 0x3400 || c >= 0xA000 && c < 0xB000 || c >= 0xD700 && c < 0x17000
            || c >= 0x1B000 && c < 0x20000 || c % 97 == 0)
        .filter(c -> !Normalizer.isLater(c) && c != 0x1F16C && (c < 0x1FBF0 || c > 0x1FBF9))     // another table than the library's
        .toArray();
    List<String> texts = new ArrayList<>();
    for (int start = 0; start < all.length; start += 64) {
      StringBuilder text = new StringBuilder();
      for (int c : Arrays.copyOfRange(all, start, Math.min(all.length, start + 64)))
        text.append("no").appendCodePoint(c).append("w 1").appendCodePoint(c).append(" ").appendCodePoint(c)
            .append(" e\u0301 ");
      texts.add(text.toString());
    }
    assertSameIds(texts);
  }

  @Test
  void idsAreT5sSpecialTokensThenThePiecesFromTheMostProbableThenTheSentinels() {
    assertThat(ours.vocabularySize()).isEqualTo(PIECES + 103);
    assertThat(ours.encode("<pad></s><unk>")).containsExactly(0, 1, 2);
    assertThat(ours.endOfText()).isEqualTo(1);
    assertThat(ours.encode("<extra_id_99>")).containsExactly(PIECES + 3);
    assertThat(ours.encode("<extra_id_0>")).containsExactly(PIECES + 102);
    JsonNode vocabulary = TokenizerJson.parse(ours.json(), "t").path("model").path("vocab");
    double before = 0;
    for (int id = 3; id < PIECES + 3; id++) {
      assertThat(vocabulary.path(id).path(1).asDouble()).isLessThanOrEqualTo(before);
      before = vocabulary.path(id).path(1).asDouble();
    }
    assertThat(vocabulary.path(3).path(0).asText()).startsWith("\u2581");
  }

  @Test
  void decodingIsTheirs() throws IOException {
    int[] ids = ours.encode("Fellow-Citizens:  it is  here");
    try (HuggingFaceTokenizer theirs = theirs()) {
      assertThat(ours.decode(ids)).isEqualTo(theirs.decode(Arrays.stream(ids).asLongStream().toArray(), true))
          .isEqualTo("Fellow-Citizens: it is here");
    }
  }

  @Test
  void anotherOrderOfTheWordsAndWordsThatComeTwiceGiveTheSameFile() {
    List<CountedWord> split = new ArrayList<>();
    words.forEach((word, count) -> {
      if (word.length() > 9) return;
      split.add(0, new CountedWord(word, count));
    });
    List<CountedWord> twice = new ArrayList<>();
    split.stream().sorted((a, b) -> a.word().compareTo(b.word())).forEach(one -> {
      twice.add(new CountedWord(one.word(), 1));
      if (one.count() > 1) twice.add(new CountedWord(one.word(), one.count() - 1));
    });
    assertThat(UnigramTrainer.train(twice, 600, left -> {}).json())
        .isEqualTo(UnigramTrainer.train(split, 600, left -> {}).json());
  }

  @Test
  void countsThatNoIntHoldsAreWeighedAsTheyAre() {
    List<CountedWord> all = new ArrayList<>(counted().subList(0, 5000));
    all.add(new CountedWord("\u2581qjx", 5_000_000_000L));
    Tokenizer tokenizer = UnigramTrainer.train(all, 600, left -> {});
    assertThat(tokenizer.encode("qjx")).containsExactly(3);                                // a piece, the most probable one
  }

  @Test
  void aVocabularyThatTheCorpusCannotFillIsRefused() {
    assertThatThrownBy(() -> UnigramTrainer.train(List.of(new CountedWord("\u2581abc", 5)), 1000, left -> {}))
        .isInstanceOf(UserError.class).hasMessageContaining("this corpus has only")
        .hasMessageContaining("give more text").hasMessageNotContaining("ask for");
  }

  /** Of a corpus that uses a part of its substrings only, as all do. */
  @Test
  void theLargestVocabularyThatIsToldCanBeHadAndNoLargerOne() {
    List<CountedWord> few = counted().stream().sorted(UnigramTrainer.BY_WEIGHT).limit(60).toList();
    Matcher told = Pattern.compile("the largest vocabularySize that it gives is (\\d+); ask for that or less")
        .matcher(refusal(few, 2000));
    assertThat(told.find()).isTrue();
    int largest = Integer.parseInt(told.group(1));
    assertThat(UnigramTrainer.train(few, largest, left -> {}).vocabularySize()).isEqualTo(largest);
    assertThat(refusal(few, largest + 1)).contains("is " + largest + "; ask for that or less");
  }

  private static String refusal(List<CountedWord> words, int vocabularySize) {
    return catchThrowableOfType(UserError.class, () -> UnigramTrainer.train(words, vocabularySize, left -> {}))
        .getMessage();
  }

  @Test
  void noLargestVocabularyIsToldWhereItsAlphabetWouldBeAnother() {
    List<CountedWord> characters = IntStream.range(0, 120)
        .mapToObj(i -> new CountedWord("\u2581" + Character.toString('\u4E00' + i), 5)).toList();
    assertThat(refusal(characters, 1000)).containsPattern(
        "ask for a vocabularySize below \\d+: a smaller one leaves its rarest characters out; or give more");
  }

  @Test
  void filesThatAskForMoreAreRefusedByName() {
    assertThatThrownBy(() -> Tokenizer.parse(ours.json().replace("\"NFKC\"", "\"NFKD\""), "t.json"))
        .isInstanceOf(UserError.class).hasMessageContaining("t.json: normalizer");
    assertThatThrownBy(() -> Tokenizer.parse(ours.json().replace("\"always\"", "\"first\""), "t.json"))
        .isInstanceOf(UserError.class).hasMessageContaining("t.json: pre_tokenizer");
  }

  private static HuggingFaceTokenizer theirs() throws IOException {
    return HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(ours.json().getBytes(StandardCharsets.UTF_8)),
        Map.of("truncation", "false", "padding", "false"));
  }

  private static void assertSameIds(List<String> texts) throws IOException {
    try (HuggingFaceTokenizer theirs = theirs()) {
      for (String text : texts) {
        long[] ids = theirs.encode(text, false, false).getIds();
        assertThat(ours.encode(text)).as(text).isEqualTo(Arrays.stream(ids).mapToInt(Math::toIntExact).toArray());
      }
    }
  }
}
