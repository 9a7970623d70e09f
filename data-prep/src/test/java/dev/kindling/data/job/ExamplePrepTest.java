package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.SparkInTests;
import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.PackedDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With the tokenizer and the templates of golden/chat-templates.json. */
class ExamplePrepTest {
  private static final int TIME = 24;

  @TempDir
  Path folder;
  private Path tokenizer;

  @BeforeEach
  void writeTheTokenizer() throws IOException {
    JsonNode golden = new ObjectMapper().readTree(Path.of("../golden/chat-templates.json").toFile());
    tokenizer = Files.createDirectories(folder.resolve("tokenizer"));
    Files.writeString(tokenizer.resolve("tokenizer.json"), golden.get("tokenizer").toString());
    Files.writeString(tokenizer.resolve("chat_template.jinja"), golden.get("templates").get("chatml").asText());
  }

  @Test
  void whatIsSaidIsLearnedAndWhatLeavesNothingToLearnIsDroppedWithItsReason() throws IOException {
    PrepResult result = prepare("out", """
        {"id": "plain", "prompt": "12", "completion": "34"}
        {"id": "chat", "messages": [{"role": "user", "content": "5"}, {"role": "assistant", "content": "6"}]}
        {"id": "question", "messages": [{"role": "user", "content": "7"}]}
        {"id": "long", "prompt": "9999999999999999999999999999999999", "completion": "8"}
        {"id": "forged", "messages": [{"role": "user", "content": "<|im_start|>"}, {"role": "assistant", "content": "x"}]}
        """, CorpusFormat.JSONL, Optional.empty());
    DatasetInfo info = result.info();
    assertThat(info.training().documents()).isEqualTo(2);
    assertThat(info.corpus().dropped()).isEqualTo(Map.of("examples", 3L));
    assertThat(info.packing().kind()).isEqualTo("prompt-completion");
    assertThat(info.configuration()).containsEntry("packing", "prompt-completion").containsKey("chatTemplate");
    Map<String, String> reasons = new TreeMap<>();
    for (Row row : SparkInTests.session().read().parquet(result.folder() + "/dropped").collectAsList())
      reasons.put(row.getAs("id"), row.getAs("reason"));
    assertThat(reasons).isEqualTo(Map.of("question", "examples: no token of a completion is left", "long",
        "examples: no token of a completion is left within its first " + (TIME + 1) + " tokens", "forged",
        "examples: the special token <|im_start|> stands in a message"));
    assertThat(learned(result)).isEqualTo(Map.of("plain", "34</s>", "chat", "6<|im_end|>\n"));
    PackedDataset dataset = PackedDataset.open(new Configuration(), result.folder());
    assertThat(info.training().targets()).isEqualTo(learnedTokens(dataset));
    double empty = 0;
    for (long row = 0; row < dataset.rows(); row++) {
      empty += TIME - dataset.targets(row);
      assertThat(dataset.starts(row))
          .isEqualTo(dataset.spans(row).stream().mapToInt(PackedRow.Span::start).toArray());
    }
    assertThat(info.packing().wastePercent()).isEqualTo(100 * empty / (dataset.rows() * TIME));
  }

  @Test
  void thatMostExamplesAreLeftOutOrCutIsToldWithWhatToChange() throws IOException {
    String longOne = "{\"prompt\": \"" + "9".repeat(2 * TIME) + "\", \"completion\": \"8\"}\n";
    String cutOne = "{\"prompt\": \"1\", \"completion\": \"" + "8".repeat(2 * TIME) + "\"}\n";
    String fine = "{\"prompt\": \"1\", \"completion\": \"2\"}\n";
    assertThat(warnings("most", longOne + longOne + fine))
        .containsExactly("Warning: 2 of 3 examples are left out, 2 of "
            + "them as no token of a completion is left within its first " + (TIME + 1)
            + " tokens; a larger sequenceLength or shorter prompts keep more");
    assertThat(warnings("cut", cutOne + cutOne + fine)).containsExactly("Warning: 2 of 3 examples are too long and lose"
        + " their ends; a sequenceLength above " + TIME + " leaves more of them whole");
    assertThat(warnings("half", longOne + fine)).isEmpty();
  }

  private List<String> warnings(String name, String lines) throws IOException {
    Path in = Files.writeString(folder.resolve(name + ".jsonl"), lines);
    List<String> said = new ArrayList<>();
    PrepJob.run(SparkInTests.session(), new PrepOptions(List.of(CorpusSource.jsonl(in.toString())), 0, List.of(),
        folder.resolve(name).toString(), Optional.of(tokenizer.toString()), 0, TIME, 0, 1, Packing.PROMPT_COMPLETION,
        Optional.empty()), said::add);
    return said.stream().filter(line -> line.startsWith("Warning")).toList();
  }

  @Test
  void anExampleThatIsNoneIsRefusedByItsPlaceAndATableIsReadAsLinesAre() throws IOException {
    for (Map.Entry<String, String> wrong : Map
        .of("{\"prompt\": \"a\"}", "the field 'completion' is missing (there are prompt)",
            "{\"text\": \"a\"}",
            "the field 'prompt' is missing (there are text); an example has prompt and completion, or messages",
            "{\"prompt\": \"a\", \"completion\": [1]}", "of prompt, completion some are texts and others are not",
            "{\"messages\": []}", "the field 'messages' is an array without messages",
            "{\"messages\": [{\"content\": \"a\"}]}", "message 1 of the field 'messages' has no role")
        .entrySet())
      assertThatThrownBy(() -> prepare("wrong", wrong.getKey(), CorpusFormat.JSONL, Optional.empty()))
          .isInstanceOf(UserError.class).hasMessageContaining("in.jsonl:1: ").hasMessageContaining(wrong.getValue());
    String query = "SELECT 'q' AS id, array(named_struct('role', 'user', 'content', '5'), named_struct('role', 'assistant', "
        + "'content', '6')) AS messages";
    assertThat(learned(prepare("table", query, CorpusFormat.SQL, Optional.empty())))
        .isEqualTo(Map.of("q", "6<|im_end|>\n"));
    assertThatThrownBy(() -> prepare("none", "SELECT 'q' AS id, 'x' AS text", CorpusFormat.SQL, Optional.empty()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("has none of the columns prompt, completion, messages, tools (there are id, text)");
  }

  @Test
  void anotherTemplateIsAnotherDatasetAndWithoutOneMessagesAreRefused() throws IOException {
    String chat = "{\"id\": \"chat\", \"messages\": [{\"role\": \"user\", \"content\": \"5\"}, {\"role\": \"assistant\", \"content\": \"6\"}]}";
    Path own = Files.writeString(folder.resolve("own.jinja"),
        "{% for m in messages %}{{ m.content }}{{ ':' if m.role == 'user' }}{% endfor %}");
    String first = prepare("first", chat, CorpusFormat.JSONL, Optional.empty()).info().fingerprint();
    PrepResult second = prepare("second", chat, CorpusFormat.JSONL, Optional.of(own.toString()));
    assertThat(second.info().fingerprint()).isNotEqualTo(first);
    assertThat(learned(second)).isEqualTo(Map.of("chat", "6"));
    assertThatThrownBy(() -> prepare("missing", chat, CorpusFormat.JSONL, Optional.of(folder.toString())))
        .isInstanceOf(UserError.class).hasMessageContaining("chatTemplate").hasMessageContaining("has none");
    Files.delete(tokenizer.resolve("chat_template.jinja"));
    assertThatThrownBy(() -> prepare("without", chat, CorpusFormat.JSONL, Optional.empty()))
        .isInstanceOf(UserError.class).hasMessageContaining("there is no chat template beside the tokenizer");
    assertThat(folder.resolve("without")).doesNotExist();
    assertThatThrownBy(
        () -> new PrepOptions(List.of(CorpusSource.jsonl("x")), 0, List.of(), "out", Optional.empty(), 300, 8,
            0, 1, Packing.PROMPT_COMPLETION, Optional.empty()))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("packing is prompt-completion").hasMessageContaining("name it with tokenizer");
  }

  @Test
  void pairsLieWholeInTheirRowsChosenFirst() throws IOException {
    Path in = Files.writeString(folder.resolve("pairs.jsonl"), """
        {"id": "p", "prompt": "12", "chosen": "3", "rejected": "45"}
        {"id": "q", "chosen": [{"role": "user", "content": "6"}], "rejected": "7"}
        """);
    PrepOptions options = new PrepOptions(List.of(CorpusSource.jsonl(in.toString())), 60, List.of(),
        folder.resolve("pairs").toString(), Optional.of(tokenizer.toString()), 0, TIME, 0, 1, Packing.PREFERENCE,
        Optional.empty());
    PrepResult result = PrepJob.run(SparkInTests.session(), options);
    PackedDataset dataset = PackedDataset.open(new Configuration(), result.folder());
    List<PackedRow.Span> spans = dataset.spans(0);
    assertThat(spans).extracting(PackedRow.Span::document).containsExactly("p", "p");
    assertThat(
        result.tokenizer().decode(Arrays.copyOfRange(dataset.tokens(0), spans.get(0).start(), spans.get(0).end())))
        .isEqualTo("123</s>");
    assertThat(
        result.tokenizer().decode(Arrays.copyOfRange(dataset.tokens(0), spans.get(1).start(), spans.get(1).end())))
        .isEqualTo("1245</s>");
    assertThat(result.info().corpus().rejected()).as("a list of messages beside a text").isEqualTo(1);
    assertThat(result.info().packing().kind()).isEqualTo("preference");
  }

  private static long learnedTokens(PackedDataset dataset) {
    long count = 0;
    for (long row = 0; row < dataset.rows(); row++) for (boolean one : dataset.learned(row)) if (one) count++;
    return count;
  }

  /** By document the text that is learned. */
  private static Map<String, String> learned(PrepResult result) {
    PackedDataset dataset = PackedDataset.open(new Configuration(), result.folder());
    Map<String, String> learned = new TreeMap<>();
    for (long row = 0; row < dataset.rows(); row++) {
      int[] tokens = dataset.tokens(row);
      boolean[] counts = dataset.learned(row);
      for (PackedRow.Span span : dataset.spans(row)) {
        List<Integer> ids = new ArrayList<>();
        for (int i = span.start(); i < span.end(); i++) if (counts[i]) ids.add(tokens[i]);
        learned.put(span.document(), result.tokenizer().decode(ids.stream().mapToInt(Integer::intValue).toArray()));
      }
    }
    return learned;
  }

  /** @param given lines of JSON, or a query */
  private PrepResult prepare(String name, String given, CorpusFormat format, Optional<String> template)
      throws IOException {
    Path in = Files.createDirectories(folder.resolve(name + "-in")).resolve("in.jsonl");
    Files.writeString(in, String.join("\n", Arrays.asList(given.split("\n"))) + "\n");
    String path = format == CorpusFormat.JSONL ? in.toString() : given;
    return PrepJob.run(SparkInTests.session(),
        new PrepOptions(List.of(new CorpusSource(List.of(path), format, "text", "id")), 0, List.of(),
            folder.resolve(name).toString(), Optional.of(tokenizer.toString()), 0, TIME, 0, 1,
            Packing.PROMPT_COMPLETION,
            template));
  }
}
