package dev.kindling.data.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against what transformers renders, golden/chat-templates.json, and rules of Jinja's documentation. */
class ChatTemplateTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, String> SPECIAL = Map.of("bos_token", "<s>", "eos_token", "</s>");

  @TempDir
  Path folder;

  @Test
  void conversationsAreRenderedAsTransformersRendersThem() throws IOException {
    JsonNode golden = JSON.readTree(Path.of("../golden/chat-templates.json").toFile());
    LocalDateTime now = LocalDateTime.parse(golden.get("now").asText());
    List<String> different = new ArrayList<>();
    int refused = 0;
    for (JsonNode one : golden.get("cases")) {
      String name = one.get("template").asText();
      ChatTemplate template = ChatTemplate.parse(golden.get("templates").get(name).asText(), name, SPECIAL, () -> now);
      String chat = one.get("conversation").asText();
      String told = name + ", " + chat + ", prompt " + one.get("addGenerationPrompt") + "\n";
      try {
        String rendered = template.render(golden.get("conversations").get(chat),
            chat.equals("tools") ? golden.get("tools") : null, one.get("addGenerationPrompt").asBoolean()).text();
        if (one.has("error")) different.add(told + "transformers fails: " + one.get("error"));
        else
          if (!rendered.equals(one.get("rendered").asText()))
            different.add(told + JSON.writeValueAsString(rendered) + "\n" + one.get("rendered"));
      } catch (ChatException e) {
        refused++;
        if (!one.has("error")) different.add(told + "is refused: " + e.getMessage());
        else
          if (one.get("error").asText().startsWith("TemplateError: "))
            assertThat(one.get("error").asText()).isEqualTo("TemplateError: " + e.getMessage());
      }
    }
    assertThat(different).isEmpty();
    assertThat(golden.get("cases").size()).isGreaterThan(200);
    assertThat(refused).isBetween(10, 100);
  }

  @Test
  void whatIsGeneratedIsWhatStandsInGenerationBlocks() throws IOException {
    ChatTemplate template = ChatTemplate.parse("{% for m in messages %}{% if m.role == 'assistant' %}"
        + "[{% generation %}{{ m.content }}!{% endgeneration %}]{% else %}{{ m.content }}{% endif %}{% endfor %}",
        "here",
        SPECIAL);
    ChatTemplate.Rendered rendered = template.render(JSON.readTree("[{\"role\":\"user\",\"content\":\"a\uD83D\uDE00\"},"
        + "{\"role\":\"assistant\",\"content\":\"bc\"},{\"role\":\"assistant\",\"content\":\"\"}]"), null, false);
    assertThat(rendered.text()).isEqualTo("a\uD83D\uDE00[bc!][!]");
    assertThat(rendered.generated()).extracting(part -> rendered.text().substring(part.from(), part.to()))
        .containsExactly("bc!", "!");
  }

  @Test
  void aTemplateThatIsNotUnderstoodIsToldWithItsLine() {
    refused("{% if a %}\nx", "here:2: the template ends where one of elif, else, endif must be");
    refused("a\n\n{{ 'x }}", "here:3: a string is not ended");
    refused("{{ a | frobnicate }}", "here:1: the filter frobnicate is not one of those that are known here: abs,");
    refused("{{ a is cromulent }}", "here:1: the test cromulent");
    refused("\n{% include 'x' %}", "here:2: the block include is not one of those that are known here");
    refused("{% break %}", "break stands in no loop");
    refused("{{ a ! b }}", "'!' is not understood");
    refused("{% endif %}", "found endif, which nothing began");
    refused("{{ [1, 2 }}", "here:1: {{ is not ended; }} is missing");
    refused("{% macro m() %}{% generation %}{% endgeneration %}{% endmacro %}", "generation stands in a macro");
  }

  @Test
  void aConversationThatATemplateDoesNotTakeIsRefusedWithItsReason() {
    for (Map.Entry<String, String> one : Map.of("{{ raise_exception('no ' ~ 1) }}", "no 1", "{{ missing.field }}",
        "'missing' is undefined", "{{ 'a' + 1 }}", "a text and a number cannot be taken together by +",
        "{{ messages + 'a' }}", "a list and a text cannot be taken together by +", "{{ 1 // 0 }}",
        "1 // 0 is no number", "{% for a, b in [[1]] %}{% endfor %}", "1 values for the 2 names a, b",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "calls itself without an end").entrySet()) {
      assertThatThrownBy(
          () -> ChatTemplate.parse(one.getKey(), "here", SPECIAL).render(JSON.createArrayNode(), null, false))
          .isInstanceOf(ChatException.class).hasMessageContaining(one.getValue());
    }
  }

  @Test
  void theTemplateIsTheFileOrThatOfTheTokenizersConfiguration() throws IOException {
    assertThat(ChatTemplate.load(new Configuration(), hadoop())).isEmpty();
    Path config = folder.resolve("tokenizer_config.json");
    Files.writeString(config, "{\"eos_token\": {\"content\": \"END\"}, \"bos_token\": null, "
        + "\"chat_template\": \"{{ messages[0].content }}{{ eos_token }}{{ bos_token }}\"}");
    assertThat(rendered()).isEqualTo("hiEND");
    Files.writeString(config, "{\"eos_token\": \"END\", \"chat_template\": [{\"name\": \"rag\", \"template\": \"no\"}, "
        + "{\"name\": \"default\", \"template\": \"{{ eos_token }}\"}]}");
    assertThat(rendered()).isEqualTo("END");
    Files.writeString(folder.resolve(ChatTemplate.FILE), "own {{ eos_token }}");
    assertThat(rendered()).isEqualTo("own END");
    Files.delete(folder.resolve(ChatTemplate.FILE));
    Files.writeString(config, "{\"chat_template\": [{\"name\": \"rag\", \"template\": \"no\"}]}");
    assertThatThrownBy(this::rendered).isInstanceOf(UserError.class)
        .hasMessageContaining("chat_template: there is none named default (there are rag)");
    Files.writeString(config, "{\"chat_template\": ");
    assertThatThrownBy(this::rendered).isInstanceOf(UserError.class).hasMessageContaining("is not JSON");
  }

  private String rendered() throws IOException {
    return ChatTemplate.load(new Configuration(), hadoop()).orElseThrow()
        .render(JSON.readTree("[{\"role\":\"user\",\"content\":\"hi\"}]"), null, false).text();
  }

  private org.apache.hadoop.fs.Path hadoop() {
    return new org.apache.hadoop.fs.Path(folder.toString());
  }

  private static void refused(String template, String why) {
    assertThatThrownBy(() -> ChatTemplate.parse(template, "here", SPECIAL)).isInstanceOf(UserError.class)
        .hasMessageContaining(why);
  }
}
