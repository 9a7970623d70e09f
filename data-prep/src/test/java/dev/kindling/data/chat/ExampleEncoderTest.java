package dev.kindling.data.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Against the ids and assistant masks of transformers, golden/chat-templates.json, and by hand. */
class ExampleEncoderTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static JsonNode golden;
  private static Tokenizer tokenizer;

  @BeforeAll
  static void read() throws IOException {
    golden = JSON.readTree(Path.of("../golden/chat-templates.json").toFile());
    tokenizer = Tokenizer.parse(golden.get("tokenizer").toString(), "golden");
  }

  @Test
  void idsAndWhatIsLearnedAreTransformersOwn() {
    int compared = 0;
    for (JsonNode one : golden.get("cases")) {
      if (!one.has("mask") || one.get("addGenerationPrompt").asBoolean()) continue;
      List<Integer> mask = new ArrayList<>();
      one.get("mask").forEach(each -> mask.add(each.asInt()));
      ObjectNode example = JSON.createObjectNode();
      example.set("messages", golden.get("conversations").get(one.get("conversation").asText()));
      if (!mask.contains(1)) {
        assertThatThrownBy(() -> encoder("generation", 1 << 20).encode(example.toString()))
            .isInstanceOf(ChatException.class).hasMessage("no token of a completion is left");
        continue;
      }
      ExampleEncoder.Encoded encoded = encoder("generation", 1 << 20).encode(example.toString());
      List<Integer> ids = new ArrayList<>();
      one.get("ids").forEach(id -> ids.add(id.asInt()));
      assertThat(encoded.ids()).isEqualTo(ids.stream().mapToInt(Integer::intValue).toArray());
      for (int i = 0; i < mask.size(); i++)
        assertThat(encoded.learned()[i]).as(one.get("conversation") + " token " + i).isEqualTo(mask.get(i) == 1);
      compared++;
    }
    assertThat(compared).isGreaterThan(4);
  }

  @Test
  void withoutGenerationBlocksTheAssistantSaysWhatStandsBehindItsPrompt() {
    ExampleEncoder.Encoded encoded = encoder("chatml", 1 << 20)
        .encode("{\"messages\": [{\"role\": \"user\", \"content\": \"one\"},"
            + "{\"role\": \"assistant\", \"content\": \"two\"}, {\"role\": \"user\", \"content\": \"three\"},"
            + "{\"role\": \"assistant\", \"content\": \"four\"}]}");
    assertThat(encoded.text()).startsWith("<|im_start|>user\none<|im_end|>\n<|im_start|>assistant\ntwo<|im_end|>");
    assertThat(learned(encoded)).containsExactly("two<|im_end|>\n", "four<|im_end|>\n");
  }

  @Test
  void aConversationWhoseBeginningIsWrittenOtherwiseIsRefused() {
    String thinking = "{\"messages\": " + golden.get("conversations").get("thinking") + "}";
    assertThatThrownBy(() -> encoder("qwen-3", 1 << 20).encode(thinking)).isInstanceOf(ChatException.class)
        .hasMessageContaining("writes the first 2 messages otherwise than in the whole conversation")
        .hasMessageContaining("{% generation %}");
  }

  @Test
  void ofPromptAndCompletionTheCompletionAndItsEndAreLearned() {
    ExampleEncoder.Encoded encoded = encoder(null, 1 << 20)
        .encode("{\"prompt\": \"Q: <|im_end|> \", \"completion\": \"A</s>\"}");
    assertThat(tokenizer.decode(encoded.ids())).isEqualTo("Q: <|im_end|> A</s></s>");
    assertThat(learned(encoded)).containsExactly("A</s></s>");
    assertThat(encoded.ids()).as("what people wrote stays text").containsOnlyOnce(tokenizer.endOfText());
    ExampleEncoder.Encoded messages = encoder("chatml", 1 << 20)
        .encode("{\"prompt\": [{\"role\": \"user\", \"content\": \"a\"}],"
            + "\"completion\": [{\"role\": \"assistant\", \"content\": \"b\"}, {\"role\": \"tool\", \"content\": \"c\"}]}");
    assertThat(learned(messages)).containsExactly("b<|im_end|>\n<|im_start|>tool\nc<|im_end|>\n");
  }

  @Test
  void whatIsTooLongIsCutAtItsEndAndRefusedWhereNothingIsLeftToLearn() {
    String example = "{\"prompt\": \"12345\", \"completion\": \"6789\"}";
    int[] whole = encoder(null, 100).encode(example).ids();
    ExampleEncoder.Encoded cut = encoder(null, whole.length - 2).encode(example);
    assertThat(cut.cut()).isTrue();
    assertThat(tokenizer.decode(cut.ids())).isEqualTo("12345678");
    int prompt = tokenizer.encodeOrdinary("12345").length;
    assertThatThrownBy(() -> encoder(null, prompt).encode(example)).isInstanceOf(ChatException.class)
        .hasMessage("no token of a completion is left within its first " + prompt + " tokens");
    assertThatThrownBy(() -> encoder(null, 100).encode("{\"prompt\": \"\", \"completion\": \"\"}"))
        .as("an end alone has nothing before it").isInstanceOf(ChatException.class);
  }

  @Test
  void aMessageThatLooksLikeTheTemplatesOwnTokensIsRefused() {
    assertThatThrownBy(
        () -> encoder("chatml", 100).encode("{\"messages\": [{\"role\": \"user\", \"content\": \"x<|im_end|>\"},"
            + "{\"role\": \"assistant\", \"content\": \"y\"}]}"))
        .isInstanceOf(ChatException.class)
        .hasMessage("the special token <|im_end|> stands in a message");
    assertThatThrownBy(() -> encoder(null, 100).encode("{\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}"))
        .isInstanceOf(UserError.class).hasMessageContaining("there is no chat template beside the tokenizer");
  }

  @Test
  void aPairIsItsPromptWithEachOfTheTwo() {
    ExampleEncoder texts = new ExampleEncoder(tokenizer, Optional.empty(), 100, true);
    ExampleEncoder.Encoded encoded = texts.encode("{\"prompt\": \"12\", \"chosen\": \"3\", \"rejected\": \"45\"}");
    assertThat(tokenizer.decode(encoded.ids())).isEqualTo("123</s>1245</s>");
    assertThat(tokenizer.decode(java.util.Arrays.copyOfRange(encoded.ids(), encoded.second(), encoded.ids().length)))
        .isEqualTo("1245</s>");
    assertThat(learned(encoded)).containsExactly("3</s>", "45</s>");
    ExampleEncoder chats = new ExampleEncoder(tokenizer, Optional.of(ChatTemplate
        .parse("{% for m in messages %}{{ m.role[0] ~ m.content }}{% endfor %}{{ 'a' if add_generation_prompt }}",
            "own", Map.of())),
        100, true);
    String question = "{\"role\": \"user\", \"content\": \"6\"}";
    ExampleEncoder.Encoded implied = chats
        .encode("{\"chosen\": [" + question + ", {\"role\": \"assistant\", \"content\": \"7\"}], "
            + "\"rejected\": [" + question + ", {\"role\": \"assistant\", \"content\": \"8\"}]}");
    assertThat(implied.text()).isEqualTo("u6a7u6a8");
    assertThat(learned(implied)).containsExactly("7", "8");
    assertThatThrownBy(() -> new ExampleEncoder(tokenizer, Optional.empty(), 6, true)
        .encode("{\"prompt\": \"123\", \"chosen\": \"4\", \"rejected\": \"5\"}")).isInstanceOf(ChatException.class)
        .hasMessage("no token of a completion is left within its first 3 tokens");
  }

  /** Runs of tokens that are learned, as text. */
  private static List<String> learned(ExampleEncoder.Encoded encoded) {
    List<String> runs = new ArrayList<>();
    for (int i = 0; i < encoded.ids().length; i++) {
      if (!encoded.learned()[i]) continue;
      int from = i;
      while (i < encoded.ids().length && encoded.learned()[i]) i++;
      runs.add(tokenizer.decode(java.util.Arrays.copyOfRange(encoded.ids(), from, i)));
    }
    return runs;
  }

  /** @param template of the golden ones; null: none */
  private static ExampleEncoder encoder(String template, int longest) {
    return new ExampleEncoder(tokenizer, Optional.ofNullable(template).map(name -> ChatTemplate
        .parse(golden.get("templates").get(name).asText(), name, Map.of("bos_token", "<s>", "eos_token", "</s>"))),
        longest, false);
  }
}
