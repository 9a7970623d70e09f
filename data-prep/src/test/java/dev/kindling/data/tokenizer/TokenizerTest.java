package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Tokenizer TOKENIZER = BpeTrainer.train(
      List.of(new CountedWord("aaaaaaaa", 9), new CountedWord(" the", 5),
          new CountedWord(" then", 4), new CountedWord("\u00E9t\u00E9", 3), new CountedWord("\uD83D\uDE00", 2)),
      268, size -> {});

  @Property(tries = 500)
  void tokensDecodeBackToTheirText(@ForAll long seed) {
    String text = RandomText.next(new SplittableRandom(seed));
    assertThat(TOKENIZER.decode(TOKENIZER.encode(text))).isEqualTo(text);
    assertThat(TOKENIZER.decode(TOKENIZER.encodeOrdinary(text))).isEqualTo(text);
  }

  @Property(tries = 500)
  void aStreamGivesTheTextOfAllTokensAtOnceWhateverTheyAre(@ForAll long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] ids = random.ints(random.nextInt(1, 60), 0, TOKENIZER.vocabularySize()).toArray();
    TextStream stream = TOKENIZER.stream();
    StringBuilder joined = new StringBuilder();
    for (int id : ids) joined.append(stream.append(id));
    assertThat(joined.append(stream.finish())).hasToString(TOKENIZER.decode(ids));
  }

  @Test
  void aCharacterSpreadOverTokensComesOutWithItsLastByte() {
    Tokenizer bytes = BpeTrainer.train(List.of(), 257, size -> {});
    TextStream stream = bytes.stream();
    List<String> deltas = Arrays.stream(bytes.encode("\uD83D\uDE00!\u00E9")).mapToObj(stream::append).toList();
    assertThat(deltas).containsExactly("", "", "", "\uD83D\uDE00", "!", "", "\u00E9");
    assertThat(stream.finish()).isEmpty();
    stream.append(bytes.encode("\u00E9")[0]);
    assertThat(stream.finish()).isEqualTo("\uFFFD");
  }

  @Test
  void loneSurrogatesAreRefusedWithTheirPlace() {
    for (String text : List.of("ab\uD83D", "ab\uDE00c", "ab\uD83Dc", "ab\uDE00\uD83D"))
      assertThatThrownBy(() -> TOKENIZER.encode(text)).isInstanceOf(UserError.class)
          .hasMessageContaining("lone surrogate")
          .hasMessageContaining("at index 2");
  }

  @Test
  void aMillionEqualCharactersAreOneWordAndNoTrouble() {
    int[] ids = TOKENIZER.encode("a".repeat(1_000_000));
    assertThat(TOKENIZER.decode(ids)).isEqualTo("a".repeat(1_000_000));
    assertThat(ids.length).isLessThanOrEqualTo(500_000);
  }

  @Test
  void longWordsAndShortOnesAreMergedAsTheDefinitionSays() {
    SplittableRandom random = new SplittableRandom(3);
    for (int round = 0; round < 300; round++) {
      StringBuilder word = new StringBuilder(" ");
      for (int k = random.nextInt(1, 90); k > 0; k--) word.append("aaathen".charAt(random.nextInt(7)));
      assertThat(TOKENIZER.encode(word.toString())).isEqualTo(byDefinition(word.toString()));
    }
  }

  @Test
  void spacesBeforePunctuationComeBackWhateverTheConfigurationAsksFor(@TempDir java.nio.file.Path folder)
      throws IOException {
    // transformers#32575: cleaned up on decoding, where a configuration said so, as all of Llama 3 do
    Files.writeString(folder.resolve(Tokenizer.FILE), TOKENIZER.json());
    Files.writeString(folder.resolve(TokenizerConfig.FILE), "{\"clean_up_tokenization_spaces\": true}");
    Tokenizer read = Tokenizer.load(new Configuration(), new Path(folder.toUri()));
    for (String text : List.of(" !", "x != y", "the word 'social'", "a . . . b , c", "do n't"))
      assertThat(read.decode(read.encode(text))).isEqualTo(text);
  }

  @Test
  void moreDifferentWordsThanAreRememberedKeepTheirIds() {
    Vocabulary vocabulary = TokenizerJson.read(TokenizerJson.parse(TOKENIZER.json(), "t"), "t");
    Merging plain = new PairMerging(new MergeTable(vocabulary.merges()),
        ByteLevelTokenizer.byteIds(vocabulary.names(), "t"));
    SplittableRandom random = new SplittableRandom(9);
    StringBuilder text = new StringBuilder();
    Ids expected = new Ids(0);
    for (int i = 0; i < 300_000; i++) {
      StringBuilder word = new StringBuilder(" ");
      for (int k = random.nextInt(2, 80) / random.nextInt(1, 12); k >= 0; k--)
        word.append("athenbxy".charAt(random.nextInt(8)));
      byte[] utf8 = word.toString().getBytes(StandardCharsets.UTF_8);
      plain.encode(utf8, 0, utf8.length, expected);
      text.append(word);
    }
    assertThat(TOKENIZER.encode(text.toString())).isEqualTo(expected.toArray());
    assertThat(TOKENIZER.encode(text.toString())).as("a second time").isEqualTo(expected.toArray());
  }

  @Test
  void theEndOfTextInADocumentIsOnlyText() {
    assertThat(TOKENIZER.encode("<|endoftext|>")).containsExactly(0);
    assertThat(TOKENIZER.encodeOrdinary("<|endoftext|>")).doesNotContain(0).hasSizeGreaterThan(1);
    assertThat(TOKENIZER.isSpecial(0)).isTrue();
    assertThat(TOKENIZER.isSpecial(1)).isFalse();
  }

  @Test
  void mergesAsStringsAndAsPairsAreTheSameTokenizer() throws JsonProcessingException {
    ObjectNode old = (ObjectNode) JSON.readTree(TOKENIZER.json());
    ArrayNode strings = JSON.createArrayNode();
    for (JsonNode pair : old.path("model").path("merges"))
      strings.add(pair.get(0).asText() + " " + pair.get(1).asText());
    ((ObjectNode) old.path("model")).set("merges", strings);
    Tokenizer read = Tokenizer.parse(old.toString(), "old");
    assertThat(read.encode(" then aaaaaaaaaaa")).isEqualTo(TOKENIZER.encode(" then aaaaaaaaaaa"));
  }

  @Test
  void pairsMayHoldATokenWithASpace() throws JsonProcessingException {
    // tokenizers#909: vocabulary a, space, b, "a ", "a b"
    Map<String, Integer> names = Map.of("a", 0, " ", 1, "b", 2, "a ", 3, "a b", 4);
    MergeTable pairs = new MergeTable(
        TokenizerJson.merges(JSON.readTree("[[\"a\",\" \"],[\"a \",\"b\"]]"), names, "pairs"));
    assertThat(PairMerging.merge(new int[]{0, 1, 2}, pairs)).containsExactly(4);
    MergeTable strings = new MergeTable(
        TokenizerJson.merges(JSON.readTree("[\"a b\"]"), Map.of("a", 0, "b", 1, "ab", 2), "old"));
    assertThat(PairMerging.merge(new int[]{0, 1}, strings)).containsExactly(2);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "16777217", "2000000000", "4294967296", "1.5", "\"7\"", "null"})
  void anIdThatIsNoneIsRefusedByItsToken(String id) throws JsonProcessingException {
    ObjectNode words = (ObjectNode) JSON.readTree(TOKENIZER.json());
    ((ObjectNode) words.at("/model/vocab")).set("a", JSON.readTree(id));
    ObjectNode added = (ObjectNode) JSON.readTree(TOKENIZER.json());
    ((ObjectNode) added.at("/added_tokens/0")).set("id", JSON.readTree(id));
    for (ObjectNode wrong : List.of(words, added)) {
      assertThatThrownBy(() -> Tokenizer.parse(wrong.toString(), "t.json")).isInstanceOf(UserError.class)
          .hasMessageStartingWith("t.json: the id of ").hasMessageContaining("is " + id)
          .hasMessageEndingWith("a whole number from 0 to 16777216");
    }
  }

  @Test
  void aFileOfAnotherKindIsRefusedByWhatItIs() throws JsonProcessingException {
    for (Map.Entry<String, String> change : Map.of("/model/type", "WordLevel", "/pre_tokenizer/type", "Metaspace")
        .entrySet()) {
      ObjectNode other = (ObjectNode) JSON.readTree(TOKENIZER.json());
      String[] path = change.getKey().split("/");
      ((ObjectNode) other.get(path[1])).put(path[2], change.getValue());
      assertThatThrownBy(() -> Tokenizer.parse(other.toString(), "t.json")).isInstanceOf(UserError.class)
          .hasMessageStartingWith("t.json").hasMessageContaining(change.getValue());
    }
    assertThatThrownBy(() -> Tokenizer.parse("{", "t.json")).isInstanceOf(UserError.class)
        .hasMessageContaining("not JSON");
    assertThatThrownBy(() -> Tokenizer.load(new Configuration(), new Path("no/such/folder")))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("no/such/folder");
    assertThatThrownBy(() -> TOKENIZER.decode(new int[]{268})).isInstanceOf(UserError.class)
        .hasMessageContaining("0 to 267");
  }

  /** Merge after merge over the whole word, in the order of the file: what encoding must come to. */
  private static int[] byDefinition(String word) {
    List<Integer> ids = new ArrayList<>();
    for (int i = 0; i < word.length(); i++) ids.add(TOKENIZER.encode(word.substring(i, i + 1))[0]);
    for (MergeTable.Merge merge : TokenizerJson.read(TokenizerJson.parse(TOKENIZER.json(), "t"), "t").merges()) {
      for (int i = 0; i + 1 < ids.size(); i++) {
        if (ids.get(i) != merge.left() || ids.get(i + 1) != merge.right()) continue;
        ids.set(i, merge.whole());
        ids.remove(i + 1);
      }
    }
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }
}
