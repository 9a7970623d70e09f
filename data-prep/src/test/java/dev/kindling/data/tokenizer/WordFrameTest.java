package dev.kindling.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.UserError;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With the tokenizers of golden/labelled-texts.json; [CLS] is 2, [SEP] 3, [UNK] 1. */
class WordFrameTest {
  private static final String[] WORDS = {"the", "guitar", "Louder", "music's", "won't", "3,50", "", "\u200b", "Müller",
      "日本", "a b", "...", "😀", "street", "\u00a0x"};

  private static Tokenizer golden(String name) throws IOException {
    return PrefixSpace.addedTo(Tokenizer.parse(LabelledTexts.read(name).tokenizer().toString(), Tokenizer.FILE));
  }

  /** By hand: gui ##t ##ar is one word of three tokens, the third word has none. */
  @Test
  void eachTokenKnowsItsWordAndTheFirstOnesOfWordsAreTold() throws IOException {
    WordFrame.Framed framed = WordFrame.of(golden("bert_template")).of(List.of("the", "guitar", "", "is", "lon"), 20);
    assertThat(framed.ids()).containsExactly(2, 51, 71, 35, 62, 53, 73, 3);
    assertThat(framed.words()).containsExactly(-1, 0, 1, 1, 1, 3, 4, -1);
    assertThat(framed.cut()).isFalse();
    List<Integer> firsts = new ArrayList<>();
    for (int i = 0; i < 8; i++) if (framed.begins(i)) firsts.add(i);
    assertThat(firsts).containsExactly(1, 2, 5, 6);
  }

  @Test
  void aTextThatIsTooLongEndsBehindItsLastWholeWord() throws IOException {
    WordFrame frame = WordFrame.of(golden("bert_template"));
    List<String> words = List.of("the", "guitar", "is");
    assertThat(frame.of(words, 7).cut()).isFalse();
    WordFrame.Framed six = frame.of(words, 6);
    assertThat(six.ids()).containsExactly(2, 51, 71, 35, 62, 3);
    assertThat(six.cut()).isTrue();
    WordFrame.Framed five = frame.of(words, 5);
    assertThat(five.ids()).as("no half of a word, and no word behind it").containsExactly(2, 51, 3);
    assertThat(five.words()).containsExactly(-1, 0, -1);
    WordFrame.Framed first = frame.of(List.of("guitar", "is"), 4);
    assertThat(first.ids()).as("of the first word what fits").containsExactly(2, 71, 35, 3);
    assertThat(first.cut()).isTrue();
  }

  /** transformers' {@code is_split_into_words}, with {@code add_prefix_space} where a tokenizer has it. */
  @ParameterizedTest
  @ValueSource(strings = {"bert_template", "bert_processing", "roberta", "gpt2"})
  void tokensAndTheirWordsAreThoseOfHuggingFacesLibrary(String name) throws IOException {
    Tokenizer tokenizer = golden(name);
    WordFrame frame = WordFrame.of(tokenizer);
    Random random = new Random(7);
    try (HuggingFaceTokenizer theirs = HuggingFaceTokenizer.newInstance(
        new ByteArrayInputStream(tokenizer.json().getBytes(StandardCharsets.UTF_8)),
        Map.of("truncation", "false", "padding", "false"))) {
      for (int i = 0; i < 300; i++) {
        List<String> words = random.ints(1 + random.nextInt(12), 0, WORDS.length).mapToObj(w -> WORDS[w]).toList();
        Encoding expected = theirs.encode(words, true, false);
        WordFrame.Framed framed = frame.of(words, 1000);
        assertThat(framed.ids()).as("%s", words).isEqualTo(ints(expected.getIds()));
        assertThat(framed.words()).as("%s", words).isEqualTo(ints(expected.getWordIds()));
      }
    }
  }

  private static int[] ints(long[] numbers) {
    return Arrays.stream(numbers).mapToInt(Math::toIntExact).toArray();
  }

  @Test
  void aByteLevelTokenizerGetsItsPrefixSpaceOnceAndOthersStayAsTheyAre() throws IOException {
    Tokenizer plain = Tokenizer.parse(LabelledTexts.read("roberta").tokenizer().toString(), Tokenizer.FILE);
    Tokenizer spaced = PrefixSpace.addedTo(plain);
    assertThat(new ObjectMapper().readTree(spaced.json()).at("/pre_tokenizer/add_prefix_space").asBoolean()).isTrue();
    assertThat(spaced.encodeOrdinary("the")).isEqualTo(plain.encodeOrdinary(" the"));
    assertThat(PrefixSpace.addedTo(spaced)).isSameAs(spaced);
    assertThat(TokenizerConfig.of(spaced)).contains("\"add_prefix_space\" : true");
    assertThat(TokenizerConfig.of(plain)).contains("\"add_prefix_space\" : false");
    Tokenizer bert = golden("bert_template");
    assertThat(PrefixSpace.addedTo(bert)).isSameAs(bert);
    ObjectNode file = (ObjectNode) LabelledTexts.read("roberta").tokenizer();
    ObjectNode steps = file.putObject("pre_tokenizer").put("type", "Sequence");
    ObjectNode split = steps.putArray("pretokenizers").addObject().put("type", "Split").put("behavior", "Isolated");
    split.putObject("pattern").put("Regex", WordPattern.GPT2.regex());
    steps.withArray("pretokenizers").addObject().put("type", "ByteLevel").put("add_prefix_space", false)
        .put("use_regex", false);
    Tokenizer cut = Tokenizer.parse(file.toString(), Tokenizer.FILE);
    assertThatThrownBy(() -> PrefixSpace.addedTo(cut)).isInstanceOf(UserError.class).hasMessageStartingWith(
        "tokenizer.json: pre_tokenizer.type, of a text that is given word by word, is \"Sequence\"; it must be ByteLevel");
  }
}
