package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.SparkInTests;
import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.corpus.LabelFields;
import dev.kindling.data.label.LabelKind;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetLabels.Label;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.TokenizerKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

/** Words with a label each, with the tokenizers of golden/labelled-texts.json; [CLS] is 2, [SEP] 3. */
class TaggedPrepTest {
  private static final LabelFields NER = new LabelFields("", "label", LabelKind.CLASS, "tokens", "ner_tags");
  private static final int NONE = -100;

  @TempDir
  Path folder;

  @BeforeEach
  void writeTheTokenizer() throws IOException {
    tokenizer("bert_template");
  }

  private void tokenizer(String name) throws IOException {
    JsonNode golden = new ObjectMapper().readTree(Path.of("../golden/labelled-texts.json").toFile()).get(name);
    Files.writeString(folder.resolve("tokenizer.json"), golden.get("tokenizer").toString());
  }

  /** gui ##t ##ar is one word; B-X is 0, I-X 1, O 2. */
  @Test
  void theFirstTokenOfAWordHasItsLabelAndNoOther() throws IOException {
    PrepResult result = prepare("out", CorpusFormat.JSONL, 8, LabelFields.USUAL, """
        {"id": "a", "tokens": ["the", "guitar", "is"], "tags": ["B-X", "I-X", "O"]}
        {"id": "b", "tokens": ["is", "", "the", "guitar", "guitar", "no"], "tags": ["O", "B-X", "B-X", "O", "O", "I-X"]}
        {"id": "c", "tokens": ["", " "], "tags": ["O", "O"]}
        """);
    assertThat(tokens(result)).isEqualTo(Map.of("a", List.of(2, 51, 71, 35, 62, 53, 3), "b",
        List.of(2, 53, 51, 71, 35, 62, 3)));
    assertThat(labels(result)).isEqualTo(Map.of("a", List.of(NONE, 0, 1, NONE, NONE, 2, NONE), "b",
        List.of(NONE, 2, 0, 2, NONE, NONE, NONE)));
    DatasetInfo info = result.info();
    assertThat(info.labels().labelKind()).isEqualTo(LabelKind.TAGS);
    assertThat(info.labels().classes()).as("of all words that are kept, where a text is cut too").containsExactly(
        new Label("B-X", 3, 0), new Label("I-X", 2, 0), new Label("O", 4, 0));
    assertThat(info.packing().kind()).isEqualTo("token-classification");
    assertThat(info.packing().cutDocuments()).isEqualTo(1);
    assertThat(info.training().targets()).isEqualTo(6);
    assertThat(info.corpus().dropped()).isEqualTo(Map.of("examples", 1L));
    Row dropped = SparkInTests.session().read().parquet(result.folder() + "/dropped").first();
    assertThat(dropped.<String>getAs("reason")).isEqualTo("examples: its words have no token");
    assertThat(DatasetInfo.read(new Configuration(), result.folder())).isEqualTo(info);
  }

  @Test
  void parquetFilesAndQueriesGiveTheSameRowsAsLines() throws IOException {
    String lines = """
        {"id": "a", "tokens": ["the", "guitar"], "ner_tags": [3, 0]}
        {"id": "b", "tokens": ["no"], "ner_tags": [12]}
        """;
    String values = "SELECT 'a' AS id, array('the', 'guitar') AS tokens, array(3, 0) AS ner_tags UNION ALL "
        + "SELECT 'b', array('no'), array(12)";
    String parquet = folder.resolve("parquet-in").toString();
    SparkInTests.session().sql(values).write().parquet(parquet);
    PrepResult fromLines = prepare("lines", CorpusFormat.JSONL, 16, NER, lines);
    PrepResult fromParquet = prepare("parquet", CorpusFormat.PARQUET, 16, NER, parquet);
    PrepResult fromQuery = prepare("query", CorpusFormat.SQL, 16, NER, values);
    assertThat(fromLines.info().labels().names()).as("numbers in their order").containsExactly("0", "3", "12");
    for (PrepResult other : List.of(fromParquet, fromQuery)) {
      assertThat(other.info().training()).isEqualTo(fromLines.info().training());      // SHA-256 of the shards among it
      assertThat(other.info().labels()).isEqualTo(fromLines.info().labels());
    }
    assertThatThrownBy(() -> prepare("missing", CorpusFormat.PARQUET, 16, LabelFields.USUAL, parquet))
        .isInstanceOf(UserError.class).hasMessageContaining(
            "the column 'tags' is missing (there are id, tokens, ner_tags); name the right one with tagsField");
    LabelFields wrong = new LabelFields("", "label", LabelKind.CLASS, "id", "ner_tags");
    assertThatThrownBy(() -> prepare("wrong", CorpusFormat.PARQUET, 16, wrong, parquet))
        .isInstanceOf(UserError.class).hasMessageContaining("the column 'id' is ")
        .hasMessageContaining("; it must hold lists of strings or whole numbers; name the right one with wordsField");
    String uneven = folder.resolve("uneven-in").toString();
    SparkInTests.session().sql("SELECT 'a' AS id, array('the') AS tokens, array(3, 0) AS ner_tags").write()
        .parquet(uneven);
    assertThatThrownBy(() -> prepare("uneven", CorpusFormat.PARQUET, 16, NER, uneven)).isInstanceOf(UserError.class)
        .hasMessageContaining("has 1 words and the field 'ner_tags' 2 labels; each word must have one");
  }

  @Test
  void listsOfOtherLengthsAreRefusedByTheirPlaceOrCounted() throws IOException {
    String lines = "{\"tokens\": [\"no\", \"man\"], \"tags\": [0, 1]}\n{\"tokens\": [\"no\", \"man\"], \"tags\": [1]}\n";
    assertThatThrownBy(() -> prepare("wrong", CorpusFormat.JSONL, 16, LabelFields.USUAL, lines))
        .isInstanceOf(UserError.class).hasMessageContaining("in.jsonl:2: the field 'tokens' has 2 words and the field "
            + "'tags' 1 labels; each word must have one");
    PrepOptions some = options(CorpusSource.jsonl(write("some", lines).toString()), "some", 16, LabelFields.USUAL);
    PrepResult result = PrepJob.run(SparkInTests.session(), new PrepOptions(some.inputs(), 60, List.of(), some.output(),
        some.tokenizer(), 0, 16, 0, 1, Packing.TOKEN_CLASSIFICATION, Optional.empty(), TokenizerKind.BYTE_LEVEL));
    assertThat(result.info().corpus().rejected()).isEqualTo(1);
    assertThat(result.info().training().rows()).isEqualTo(1);
  }

  /** RoBERTa's tokenizer puts no space before a text; its words have one, as in a text. */
  @Test
  void byteLevelWordsAreEncodedWithTheirSpaceAndTheDatasetsTokenizerSaysSo() throws IOException {
    tokenizer("roberta");
    String lines = "{\"id\": \"a\", \"tokens\": [\"the\", \"the\"], \"tags\": [\"O\", \"X\"]}\n";
    PrepResult result = prepare("roberta", CorpusFormat.JSONL, 16, LabelFields.USUAL, lines);
    List<Integer> tokens = tokens(result).get("a");
    assertThat(tokens.subList(1, tokens.size() - 1)).as("both are ' the'")
        .isEqualTo(boxed(result.tokenizer().encodeOrdinary(" the the")));
    assertThat(result.tokenizer().encodeOrdinary("the the")).isEqualTo(result.tokenizer().encodeOrdinary(" the the"));
    assertThat(Files.readString(folder.resolve("roberta/tokenizer_config.json")))
        .contains("\"add_prefix_space\" : true");
    assertThat(prepare("roberta", CorpusFormat.JSONL, 16, LabelFields.USUAL, lines).alreadyDone()).isTrue();
  }

  @Test
  void labelsThatCannotBeToldApartAndSettingsThatDoNotFitAreRefused() {
    assertThatThrownBy(() -> prepare("one", CorpusFormat.JSONL, 16, LabelFields.USUAL,
        "{\"tokens\": [\"no\", \"man\"], \"tags\": [\"O\", \"O\"]}\n")).isInstanceOf(UserError.class)
        .hasMessage("all words are of one class, 'O'; there must be two to tell apart");
    assertThatThrownBy(() -> prepare("short", CorpusFormat.JSONL, 2, LabelFields.USUAL,
        "{\"tokens\": [\"no\", \"man\"], \"tags\": [\"O\", \"X\"]}\n")).isInstanceOf(UserError.class)
        .hasMessage("sequenceLength is 2; it must be at least 3, as the tokenizer puts 2 special tokens around a text");
    CorpusSource named = CorpusSource.jsonl("x").with(NER);
    assertThatThrownBy(() -> new PrepOptions(List.of(named), 0, List.of(), "out", Optional.of("t"), 0, 8, 0, 1))
        .isInstanceOf(UserError.class)
        .hasMessage("tagsField is ner_tags; it must be left out unless packing is token-classification");
    CorpusSource tags = CorpusSource.jsonl("x").with(new LabelFields("", "label", LabelKind.TAGS));
    assertThatThrownBy(() -> new PrepOptions(List.of(tags), 0, List.of(), "out", Optional.of("t"), 0, 8, 0, 1,
        Packing.CLASSIFICATION, Optional.empty())).isInstanceOf(UserError.class).hasMessage(
            "labelKind is tags; it must be class, classes or number; a label for each word is packing token-classification");
    assertThat(folder.resolve("one")).doesNotExist();
  }

  @Test
  void addedTextsKeepTheLabelsAndOnesThatAreNewAreRefused() throws IOException {
    Path in = Files.createDirectories(folder.resolve("in"));
    Files.writeString(in.resolve("1.jsonl"),
        "{\"id\": \"a\", \"tokens\": [\"no\", \"man\"], \"tags\": [\"O\", \"X\"]}\n");
    PrepOptions options = options(CorpusSource.jsonl(in.toString()), "data", 16, LabelFields.USUAL);
    PrepJob.run(SparkInTests.session(), options);
    Path more = in.resolve("2.jsonl");
    Files.writeString(more, "{\"id\": \"b\", \"tokens\": [\"no\"], \"tags\": [\"Y\"]}\n");
    assertThatThrownBy(() -> PrepJob.run(SparkInTests.session(), options)).isInstanceOf(UserError.class)
        .hasMessageContaining("the class 'Y' of document b is new to the dataset in ");
    Files.writeString(more, "{\"id\": \"b\", \"tokens\": [\"no\"], \"tags\": [\"X\"]}\n");
    PrepResult added = PrepJob.run(SparkInTests.session(), options);
    assertThat(added.info().datasetVersion()).isEqualTo(2);
    assertThat(added.info().labels().classes()).containsExactly(new Label("O", 1, 0), new Label("X", 2, 0));
    assertThat(labels(added)).isEqualTo(Map.of("a", List.of(NONE, 0, 1, NONE, NONE), "b", List.of(NONE, 1, NONE)));
  }

  private static List<Integer> boxed(int[] numbers) {
    return Arrays.stream(numbers).boxed().toList();
  }

  /** What is there of each row, by its document. */
  private static Map<String, List<Integer>> tokens(PrepResult result) {
    PackedDataset rows = PackedDataset.open(new Configuration(), result.folder());
    Map<String, List<Integer>> tokens = new TreeMap<>();
    for (long row = 0; row < rows.rows(); row++)
      tokens.put(rows.documents(row).get(0), boxed(rows.tokens(row)).subList(0, rows.targets(row) + 1));
    return tokens;
  }

  private static Map<String, List<Integer>> labels(PrepResult result) {
    PackedDataset rows = PackedDataset.open(new Configuration(), result.folder());
    Map<String, List<Integer>> labels = new TreeMap<>();
    for (long row = 0; row < rows.rows(); row++)
      labels.put(rows.documents(row).get(0),
          Arrays.stream(rows.labels(row)).mapToObj(label -> (int) label).toList());
    return labels;
  }

  private Path write(String name, String lines) throws IOException {
    return Files.writeString(Files.createDirectories(folder.resolve(name + "-in")).resolve("in.jsonl"), lines);
  }

  /** @param given lines of JSON, a path or a query */
  private PrepResult prepare(String name, CorpusFormat format, int length, LabelFields labels, String given)
      throws IOException {
    String path = format == CorpusFormat.JSONL ? write(name, given).toString() : given;
    return PrepJob.run(SparkInTests.session(),
        options(new CorpusSource(List.of(path), format, "text", "id"), name, length, labels));
  }

  private PrepOptions options(CorpusSource of, String name, int length, LabelFields labels) {
    return new PrepOptions(List.of(of.with(labels)), 0, List.of(), folder.resolve(name).toString(),
        Optional.of(folder.toString()), 0, length, 0, 1, Packing.TOKEN_CLASSIFICATION, Optional.empty());
  }
}
