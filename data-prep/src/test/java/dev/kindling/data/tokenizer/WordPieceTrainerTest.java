package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.clean.Normalizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Hugging Face tokenizers, their trainer by a file and their encoding in Rust behind DJL, are the oracle. */
class WordPieceTrainerTest {
  private static List<String> corpus;
  private static Tokenizer ours;

  @BeforeAll
  static void trainOnTheBundledCorpus() throws IOException {
    corpus = HuggingFaceAgreementTest.corpus();
    ours = TokenizerKind.WORDPIECE.train(count(corpus, TokenizerKind.WORDPIECE), 4096, size -> {});
  }

  private static List<CountedWord> count(List<String> texts, TokenizerKind kind) {
    Map<String, Long> counts = new HashMap<>();
    for (String text : texts) kind.forEachWord(text, word -> counts.merge(word, 1L, Long::sum));
    return counts.entrySet().stream().map(entry -> new CountedWord(entry.getKey(), entry.getValue())).toList();
  }

  @Test
  void theVocabularyIsThatOfTheirOwnTrainer() throws IOException {
    assertThat(tokens(ours)).isEqualTo(Files.readAllLines(Path.of("../golden/wordpieces.txt")));
  }

  @Test
  void theBundledDocumentsAndTenThousandRandomStringsHaveTheSameIds() throws IOException {
    assertSameIds(ours, corpus.subList(0, 60));
    SplittableRandom random = new SplittableRandom(20260202);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) texts.add(RandomText.next(random));
    assertSameIds(ours, texts);
    assertSameIds(ours, List.of("[CLS] a [MASK]ed word[SEP]", "a".repeat(100), "a".repeat(101), "\u4E2D\u6587", ""));
  }

  /** Of every code point between letters, digits and marks: what it becomes, and where words end around it. */
  @Test
  void everyCodePointIsCleanedStrippedAndCutAsTheyDo() throws IOException {
    int[] all = IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
        .filter(c -> c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE)
        .filter(c -> c < 0x3400 || c >= 0xA000 && c < 0xB000 || c >= 0xD700 && c < 0x17000
            || c >= 0x1B000 && c < 0x20000 || c % 97 == 0)
        .filter(c -> !Normalizer.isLater(c))            // capitals among them depend on the age of the library's compiler
        .toArray();
    List<String> texts = new ArrayList<>();
    for (int start = 0; start < all.length; start += 64) {
      StringBuilder text = new StringBuilder();
      for (int c : Arrays.copyOfRange(all, start, Math.min(all.length, start + 64)))
        text.append("no").appendCodePoint(c).append("w 1").appendCodePoint(c).append(" ").appendCodePoint(c)
            .append(" e\u0301 ");
      texts.add(text.toString());
    }
    assertSameIds(ours, texts);
    // with a token for each character that they can become, ids spell what the normaliser made
    int[] letters = texts.stream().flatMapToInt(String::codePoints).flatMap(c -> {
      int[] plain = BertCharacters.plain(c);
      return plain == null ? IntStream.of(c) : IntStream.of(plain);
    }).distinct().sorted().toArray();
    for (boolean lowercase : new boolean[]{true, false})
      assertSameIds(spelling(letters, lowercase), texts);
  }

  /** A tokenizer with a token for each of the characters, that begins a word and that goes on with one. */
  private static Tokenizer spelling(int[] characters, boolean lowercase) {
    Map<String, Integer> names = new HashMap<>(Map.of("[UNK]", 0, "[CLS]", 1, "[SEP]", 2));
    for (int c : characters) {
      if (c == 0) continue;
      names.putIfAbsent(Character.toString(c), names.size());
      names.putIfAbsent("##" + Character.toString(c), names.size());
    }
    return Tokenizer.parse(WordPieceJson.write(new WordPieceVocabulary(names, List.of(), "[UNK]", 100,
        new BertWords(lowercase), "[CLS]", "[SEP]")), "t");
  }

  @Test
  void casedModelsKeepCapitalsAndAccents() throws IOException {
    Tokenizer cased = TokenizerKind.WORDPIECE_CASED.train(count(corpus, TokenizerKind.WORDPIECE_CASED), 2048,
        size -> {});
    assertThat(tokens(cased)).contains("The", "##n");
    assertSameIds(cased, corpus.subList(0, 40));
    assertSameIds(cased, List.of("M\u00FCller Gr\u00F6\u00DFe", "\u304C\u3056", "A b"));
  }

  @Test
  void decodingIsTheirs() throws IOException {
    int[] ids = ours.encode("[CLS] Fellow-Citizens, it's unbelievable![SEP]");
    try (HuggingFaceTokenizer theirs = theirs(ours)) {
      assertThat(ours.decode(ids)).isEqualTo(theirs.decode(Arrays.stream(ids).asLongStream().toArray(), false))
          .isEqualTo("[CLS] fellow - citizens , it ' s unbelievable ! [SEP]");
    }
  }

  @Test
  void aDocumentBeginsWithItsTokenAndCannotEndItself() {
    int[] ids = ours.encodeDocument("[SEP]");
    assertThat(ids[0]).isEqualTo(2);
    assertThat(Arrays.copyOfRange(ids, 1, ids.length)).doesNotContain(ours.endOfText());
    assertThat(ours.endOfText()).isEqualTo(3);
  }

  @Test
  void aPairThatOccursMoreOftenThanAnIntHoldsIsMergedFirst() {
    List<String> tokens = tokens(train(new CountedWord("aa", 3_000_000_000L), new CountedWord("bc", 2_000_000_000L)));
    assertThat(tokens.stream().filter(token -> token.matches("[a-c]{2}"))).containsExactly("aa", "bc");
    assertThat(tokens.indexOf("aa")).isLessThan(tokens.indexOf("##io"));
  }

  /** Hugging Face's ids, and so its choice, depend on a hash map's order: golden/wordpieces.py. */
  @Test
  void pairsThatOccurEquallyOftenAreMergedInTheOrderOfTheirIdsWhateverTheOrderOfWords() {
    List<CountedWord> words = new ArrayList<>(List.of(new CountedWord("dc", 1_000_000),
        new CountedWord("ba", 1_000_000), new CountedWord("cd", 1_000_000), new CountedWord("ab", 1_000_000)));
    for (int i = 0; i < 10; i++) {
      Collections.shuffle(words, new Random(i));
      List<String> tokens = tokens(train(words.toArray(CountedWord[]::new)));
      assertThat(tokens.stream().filter(token -> token.matches("[a-d]{2}"))).containsExactly("ab", "ba", "cd", "dc");
    }
  }

  /** In Hugging Face's trainer with a limit, "a\u00E6b" would count as "ab": a pair of letters that never meet. */
  @Test
  void aWordWithACharacterOutsideTheAlphabetIsLeftOut() {
    List<CountedWord> words = new ArrayList<>(filler(10));
    for (int i = 0; i < 59; i++) words.add(new CountedWord(Character.toString(0x400 + i), 1000));
    words.add(new CountedWord("x\u00E6y", 900));        // 65 characters, 64 of them are kept: of x, y, \u00E6 the first two
    List<String> tokens = tokens(WordPieceTrainer.train(words, true, 257, size -> {}));
    assertThat(tokens).contains("x", "y", "\u043A").doesNotContain("\u00E6", "xy", "##y");
  }

  @Test
  void aVocabularyThatTheCorpusCannotFillIsRefusedWithWhatItCan() {
    assertThatThrownBy(() -> WordPieceTrainer.train(List.of(new CountedWord("abc", 1)), true, 300, size -> {}))
        .isInstanceOf(UserError.class).hasMessageContaining("vocabularySize is 300").hasMessageContaining("only 12");
  }

  @Test
  void filesThatAskForMoreAreRefusedByName() {
    String json = ours.json();
    for (String[] change : List.of(
        new String[]{"\"strip_accents\" : null", "\"strip_accents\" : false", "strip_accents"},
        new String[]{"\"BertPreTokenizer\"", "\"Whitespace\"", "pre_tokenizer.type"},
        new String[]{"\"clean_text\" : true", "\"clean_text\" : false", "clean_text"}))
      assertThatThrownBy(() -> Tokenizer.parse(json.replace(change[0], change[1]), "t.json"))
          .isInstanceOf(UserError.class).hasMessageContaining("t.json").hasMessageContaining(change[2]);
  }

  /** With enough rare words besides for a vocabulary of the smallest size. */
  private static Tokenizer train(CountedWord... words) {
    List<CountedWord> all = new ArrayList<>(filler(1));
    all.addAll(List.of(words));
    return WordPieceTrainer.train(all, true, 257, size -> {});
  }

  private static List<CountedWord> filler(int count) {
    return IntStream.range(0, 400).mapToObj(i -> new CountedWord("z" + Integer.toString(1000 + i * 7, 2)
        .replace('0', 'o').replace('1', 'i'), count)).toList();
  }

  private static List<String> tokens(Tokenizer tokenizer) {
    String[] names = new String[tokenizer.vocabularySize()];
    JsonNode root = TokenizerJson.parse(tokenizer.json(), "t");
    root.path("model").path("vocab").properties().forEach(token -> names[token.getValue().asInt()] = token.getKey());
    return List.of(names);
  }

  private static HuggingFaceTokenizer theirs(Tokenizer tokenizer) throws IOException {
    return HuggingFaceTokenizer.newInstance(
        new ByteArrayInputStream(tokenizer.json().getBytes(StandardCharsets.UTF_8)),
        Map.of("truncation", "false", "padding", "false"));
  }

  private static void assertSameIds(Tokenizer tokenizer, List<String> texts) throws IOException {
    try (HuggingFaceTokenizer theirs = theirs(tokenizer)) {
      for (String text : texts) {
        long[] ids = theirs.encode(text, false, false).getIds();
        assertThat(tokenizer.encode(text)).as(text).isEqualTo(Arrays.stream(ids).mapToInt(Math::toIntExact).toArray());
      }
    }
  }
}
