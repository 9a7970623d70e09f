package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hugging Face's own library is the oracle of what such a file puts behind a text. */
class EndTemplateTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TEXT = "bcab, été", OTHER = " abc";

  private static Tokenizer learned() {
    return BpeTrainer.train(List.of(new CountedWord("abc", 1)), BpeTrainer.SMALLEST + 1, done -> {});
  }

  private static ObjectNode golden(String name) throws IOException {
    return (ObjectNode) JSON.readTree(Path.of("../golden/labelled-texts.json").toFile()).get(name).get("tokenizer");
  }

  private static int[] joined(int[]... parts) {
    return IntStream.range(0, parts.length).flatMap(i -> IntStream.of(parts[i])).toArray();
  }

  /** @param plain whose own tokens stand before the ends */
  private static void assertTextsEnd(Tokenizer plain, String json) {
    int[] end = {plain.endOfText()};
    int[] first = plain.encode(TEXT), second = plain.encode(OTHER);
    try (HubTokenizer theirs = HubTokenizer.parse(json, Tokenizer.FILE, Integer.MAX_VALUE)) {
      assertThat(theirs.encode(TEXT).ids()).isEqualTo(joined(first, end));
      assertThat(theirs.encode("").ids()).isEqualTo(end);
      HubTokenizer.Encoded pair = theirs.encode(TEXT, OTHER);
      assertThat(pair.ids()).isEqualTo(joined(first, end, second, end));
      assertThat(pair.types()).containsOnly(0);
    }
    Tokenizer ours = Tokenizer.parse(json, Tokenizer.FILE);
    assertThat(ours.encode(TEXT)).as("a text's own tokens").isEqualTo(first);
    assertThat(TextFrame.of(ours).of(first, second, 100).ids()).isEqualTo(joined(first, end, second, end));
    assertThat(EndTemplate.addedTo(json, end[0])).as("once is enough").isSameAs(json);
  }

  @Test
  void aLearnedByteLevelTokenizerKeepsItsPlacesAndEndsTexts() throws IOException {
    Tokenizer plain = learned();
    String json = EndTemplate.addedTo(plain.json(), plain.endOfText());
    assertTextsEnd(plain, json);
    ObjectNode before = (ObjectNode) JSON.readTree(plain.json()), after = (ObjectNode) JSON.readTree(json);
    JsonNode steps = after.get("post_processor").get("processors");
    assertThat(steps).hasSize(2).first().isEqualTo(before.get("post_processor"));
    assertThat(after.without("post_processor").equals(before.without("post_processor"))).isTrue();
  }

  @Test
  void aTokenizerThatDoesNothingBehindTextsEndsThem() throws IOException {
    Tokenizer plain = learned();
    ObjectNode file = (ObjectNode) JSON.readTree(plain.json());
    for (ObjectNode without : List.of(file.deepCopy().putNull("post_processor"), file.without("post_processor")))
      assertTextsEnd(plain, EndTemplate.addedTo(without.toString(), plain.endOfText()));
  }

  @Test
  void aBeginningThatNoTextOfADatasetHadGoes() throws IOException {
    String llama = golden("llama").toString();
    Tokenizer plain = Tokenizer.parse(llama, Tokenizer.FILE);
    assertThat(TextFrame.of(plain).of(new int[0], null, 9).ids()).as("only a beginning").hasSize(1)
        .doesNotContain(plain.endOfText());
    assertTextsEnd(plain, EndTemplate.addedTo(llama, plain.endOfText()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert_template", "bert_processing", "roberta"})
  void whatPutsMoreThanTheEndAroundATextGoes(String name) throws IOException {
    String json = golden(name).toString();
    Tokenizer plain = Tokenizer.parse(json, Tokenizer.FILE);
    assertTextsEnd(plain, EndTemplate.addedTo(json, plain.endOfText()));
  }

  @Test
  void aTokenizerWithoutTheEndTokenStaysAsItIs() {
    assertThat(EndTemplate.addedTo("{}", 0)).isEqualTo("{}");
  }
}
