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
import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetLabels.Label;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.TokenizerKind;
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

/** With the BERT tokenizer of golden/labelled-texts.json. */
class LabelledPrepTest {
  private static final LabelFields PAIRS = new LabelFields("hypothesis", "label", LabelKind.CLASS);

  @TempDir
  Path folder;
  private JsonNode golden;

  @BeforeEach
  void writeTheTokenizer() throws IOException {
    golden = new ObjectMapper().readTree(Path.of("../golden/labelled-texts.json").toFile()).get("bert_template");
    Files.writeString(folder.resolve("tokenizer.json"), golden.get("tokenizer").toString());
  }

  /** The tokens and types that transformers gives the pair, which is cut to 17. */
  @Test
  void aPairIsOneRowWithItsSpecialTokensAndTheNumberOfItsClass() throws IOException {
    JsonNode pair = null;
    for (JsonNode one : golden.get("cases"))
      if (pair == null && one.get("texts").size() == 2 && one.get("longest").intValue() == 17) pair = one;
    String texts = "\"text\": " + pair.get("texts").get(0) + ", \"hypothesis\": " + pair.get("texts").get(1);
    PrepResult result = prepare("out", CorpusFormat.JSONL, 17, PAIRS, "{\"id\": \"a\", " + texts
        + ", \"label\": \"neutral\"}\n{\"id\": \"b\", \"text\": \"no\", \"hypothesis\": \"there\", \"label\": \"entailment\"}\n"
        + "{\"id\": \"c\", \"text\": \"no\", \"hypothesis\": \"  \", \"label\": \"entailment\"}\n");
    DatasetInfo info = result.info();
    assertThat(info.labels().names()).containsExactly("entailment", "neutral");
    assertThat(info.labels().classes()).containsExactly(new Label("entailment", 1, 0), new Label("neutral", 1, 0));
    assertThat(info.packing().kind()).isEqualTo("classification");
    assertThat(info.packing().cutDocuments()).isEqualTo(1);
    assertThat(info.training().targets()).isEqualTo(2);
    assertThat(info.corpus().dropped()).isEqualTo(Map.of("examples", 1L));
    assertThat(reasons(result)).isEqualTo(Map.of("c", "examples: its second text has no token"));
    PackedDataset rows = PackedDataset.open(new Configuration(), result.folder());
    assertThat(rows.rows()).isEqualTo(2);
    long row = rows.documents(0).contains("a") ? 0 : 1;
    int[] ids = ints(pair.get("ids"));
    int[] types = ints(pair.get("types"));
    assertThat(rows.targets(row) + 1).isEqualTo(ids.length);
    assertThat(Arrays.copyOf(rows.tokens(row), ids.length)).isEqualTo(ids);
    int second = (int) Arrays.stream(types).takeWhile(type -> type == 0).count();
    assertThat(rows.starts(row)).containsExactly(0, second);
    assertThat(rows.spans(row)).containsExactly(new PackedRow.Span("a", 0, second, 0),
        new PackedRow.Span("a", second, ids.length, second));
    assertThat(rows.labels(row)).containsExactly(1);
    assertThat(rows.labels(1 - row)).containsExactly(0);
    int other = rows.targets(1 - row) + 1;
    assertThat(info.packing().wastePercent()).isEqualTo(100.0 * (34 - ids.length - other) / 34);
    assertThat(SparkInTests.session().read().parquet(result.folder() + "/training").selectExpr("sum(label)").first()
        .getLong(0)).isEqualTo(1);
  }

  @Test
  void wholeNumbersAreInTheirOrderAndHeldOutTextsAreCountedApart() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 60; i++)
      lines.append("{\"id\": \"d" + i + "\", \"text\": \"a man\", \"label\": " + i % 12 + "}\n");
    Path in = write("many", lines.toString());
    PrepResult result = PrepJob.run(SparkInTests.session(),
        options(CorpusSource.jsonl(in.toString()), "many", 16, LabelFields.USUAL, 30));
    DatasetInfo info = result.info();
    assertThat(info.labels().names()).containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11");
    long heldOut = 0;
    for (Label label : info.labels().classes()) {
      assertThat(label.training() + label.heldOut()).isEqualTo(5);
      heldOut += label.heldOut();
    }
    assertThat(heldOut).isEqualTo(info.heldOut().documents()).isBetween(1L, 59L);
    PackedDataset rows = PackedDataset.openHeldOut(new Configuration(), result.folder());
    for (long row = 0; row < rows.rows(); row++) {
      int number = Integer.parseInt(rows.documents(row).get(0).substring(1)) % 12;
      assertThat(rows.labels(row)).containsExactly(number);
    }
  }

  @Test
  void severalClassesAndNumbersHaveColumnsOfTheirOwn() throws IOException {
    PrepResult many = prepare("many", CorpusFormat.JSONL, 16, new LabelFields("", "topics", LabelKind.CLASSES), """
        {"id": "a", "text": "a man", "topics": ["street", "music", "street"]}
        {"id": "b", "text": "no", "topics": []}
        {"id": "c", "text": "there", "topics": ["music"]}
        """);
    assertThat(many.info().labels().classes()).containsExactly(new Label("music", 2, 0), new Label("street", 1, 0));
    assertThat(labels(many)).isEqualTo(Map.of("a", List.of(0.0, 1.0), "b", List.of(), "c", List.of(0.0)));
    PrepResult numbers = prepare("numbers", CorpusFormat.JSONL, 16, new LabelFields("", "label", LabelKind.NUMBER), """
        {"id": "a", "text": "a man", "label": 4.75}
        {"id": "b", "text": "no", "label": -1}
        """);
    assertThat(labels(numbers)).isEqualTo(Map.of("a", List.of(4.75), "b", List.of(-1.0)));
    assertThat(numbers.info().labels().smallest()).isEqualTo(-1);
    assertThat(numbers.info().labels().largest()).isEqualTo(4.75);
    assertThat(numbers.info().labels().classes()).isEmpty();
  }

  @Test
  void parquetFilesAndQueriesGiveTheSameRowsAsLines() throws IOException {
    LabelFields fields = new LabelFields("other", "topics", LabelKind.CLASSES);
    String lines = """
        {"id": "a", "text": "a man", "other": "no", "topics": ["x", "y"]}
        {"id": "b", "text": "there", "other": "no", "topics": []}
        """;
    String values = "SELECT 'a' AS id, 'a man' AS text, 'no' AS other, array('x', 'y') AS topics UNION ALL "
        + "SELECT 'b', 'there', 'no', CAST(array() AS array<string>)";
    String parquet = folder.resolve("parquet-in").toString();
    SparkInTests.session().sql(values).write().parquet(parquet);
    PrepResult fromLines = prepare("lines", CorpusFormat.JSONL, 16, fields, lines);
    PrepResult fromParquet = prepare("parquet", CorpusFormat.PARQUET, 16, fields, parquet);
    PrepResult fromQuery = prepare("query", CorpusFormat.SQL, 16, fields, values);
    for (PrepResult other : List.of(fromParquet, fromQuery)) {
      assertThat(other.info().training()).isEqualTo(fromLines.info().training());      // SHA-256 of the shards among it
      assertThat(other.info().labels()).isEqualTo(fromLines.info().labels());
    }
    String numbers = folder.resolve("numbers-in").toString();
    SparkInTests.session().sql("SELECT 'a' AS id, 'a man' AS text, 1.5D AS label").write().parquet(numbers);
    assertThat(
        labels(prepare("numbers", CorpusFormat.PARQUET, 16, new LabelFields("", "label", LabelKind.NUMBER), numbers)))
        .isEqualTo(Map.of("a", List.of(1.5)));
    assertThatThrownBy(() -> prepare("wrong", CorpusFormat.PARQUET, 16, LabelFields.USUAL, numbers))
        .isInstanceOf(UserError.class)
        .hasMessageContaining(
            "the field 'label' is the number 1.5; with labelKind class it must be a text or a whole number");
    assertThatThrownBy(() -> prepare("missing", CorpusFormat.PARQUET, 16, LabelFields.USUAL, parquet))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("the column 'label' is missing (there are id, text, other, topics)");
  }

  @Test
  void aRecordWithoutALabelIsRefusedByItsPlaceOrCounted() throws IOException {
    assertThatThrownBy(() -> prepare("wrong", CorpusFormat.JSONL, 16, LabelFields.USUAL, "{\"text\": \"no\"}\n"))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("in.jsonl:1: the field 'label' is missing (there are text); a text must have a label");
    Path in = write("some",
        "{\"text\": \"no\", \"label\": 1}\n{\"text\": \"no\"}\n{\"text\": \"man\", \"label\": 0}\n");
    PrepOptions some = options(CorpusSource.jsonl(in.toString()), "some", 16, LabelFields.USUAL, 0);
    PrepResult result = PrepJob.run(SparkInTests.session(), new PrepOptions(some.inputs(), 40, List.of(), some.output(),
        some.tokenizer(), 0, 16, 0, 1, Packing.CLASSIFICATION, Optional.empty(), TokenizerKind.BYTE_LEVEL));
    assertThat(result.info().corpus().rejected()).isEqualTo(1);
    assertThat(result.info().training().rows()).isEqualTo(2);
  }

  @Test
  void classesThatCannotBeToldApartAreRefused() {
    assertThatThrownBy(() -> prepare("mixed", CorpusFormat.JSONL, 16, LabelFields.USUAL,
        "{\"id\": \"a\", \"text\": \"no\", \"label\": 1}\n{\"id\": \"b\", \"text\": \"man\", \"label\": \"1\"}\n"))
        .isInstanceOf(UserError.class)
        .hasMessage("some classes are whole numbers, such as 1 of document a, others are texts, "
            + "such as '1' of document b; make all of them one or the other");
    assertThatThrownBy(
        () -> prepare("one", CorpusFormat.JSONL, 16, LabelFields.USUAL, "{\"text\": \"no\", \"label\": 1}\n"))
        .isInstanceOf(UserError.class).hasMessageContaining("all texts are of one class, '1'");
    assertThatThrownBy(
        () -> prepare("short", CorpusFormat.JSONL, 4, LabelFields.USUAL, "{\"text\": \"no\", \"label\": 1}\n"))
        .isInstanceOf(UserError.class).hasMessageContaining("sequenceLength is 4; it must be at least 5");
    assertThatThrownBy(() -> new PrepOptions(
        List.of(CorpusSource.jsonl("x").with(new LabelFields("", "label", LabelKind.NUMBER))), 0,
        List.of(), "out", Optional.of("t"), 0, 8, 0, 1)).isInstanceOf(UserError.class)
        .hasMessageContaining("labelKind is number; it must be left out unless packing is classification");
    assertThat(folder.resolve("mixed")).doesNotExist();
  }

  @Test
  void addedTextsKeepTheClassesAndOnesThatAreNewAreRefused() throws IOException {
    Path in = Files.createDirectories(folder.resolve("in"));
    Files.writeString(in.resolve("1.jsonl"), "{\"id\": \"a\", \"text\": \"no\", \"label\": \"x\"}\n"
        + "{\"id\": \"b\", \"text\": \"man\", \"label\": \"z\"}\n");
    PrepOptions options = options(CorpusSource.jsonl(in.toString()), "data", 16, LabelFields.USUAL, 0);
    PrepJob.run(SparkInTests.session(), options);
    assertThat(PrepJob.run(SparkInTests.session(), options).alreadyDone()).isTrue();
    Path wrong = in.resolve("2.jsonl");
    Files.writeString(wrong, "{\"id\": \"c\", \"text\": \"there\", \"label\": \"y\"}\n");
    assertThatThrownBy(() -> PrepJob.run(SparkInTests.session(), options)).isInstanceOf(UserError.class)
        .hasMessageContaining("the class 'y' of document c is new to the dataset in ")
        .hasMessageContaining("which has x, z; mend it, or make a new dataset of all files");
    Files.writeString(wrong, "{\"id\": \"c\", \"text\": \"there\", \"label\": \"z\"}\n");
    PrepResult added = PrepJob.run(SparkInTests.session(), options);
    assertThat(added.info().datasetVersion()).isEqualTo(2);
    assertThat(added.info().labels().classes()).containsExactly(new Label("x", 1, 0), new Label("z", 2, 0));
    assertThat(labels(added)).isEqualTo(Map.of("a", List.of(0.0), "b", List.of(1.0), "c", List.of(1.0)));
    PrepReport report = PrepReport
        .parse(Files.readString(folder.resolve("data/versions/0002/" + PrepReport.FILE)));
    assertThat(report.labels().classes()).as("of what was added").containsExactly(new Label("x", 0, 0),
        new Label("z", 1, 0));
  }

  private static int[] ints(JsonNode values) {
    int[] ints = new int[values.size()];
    for (int i = 0; i < ints.length; i++) ints[i] = values.get(i).intValue();
    return ints;
  }

  private static Map<String, String> reasons(PrepResult result) {
    Map<String, String> reasons = new TreeMap<>();
    for (Row row : SparkInTests.session().read().parquet(result.folder() + "/dropped").collectAsList())
      reasons.put(row.getAs("id"), row.getAs("reason"));
    return reasons;
  }

  private static Map<String, List<Double>> labels(PrepResult result) {
    PackedDataset rows = PackedDataset.open(new Configuration(), result.folder());
    Map<String, List<Double>> labels = new TreeMap<>();
    for (long row = 0; row < rows.rows(); row++) {
      List<Double> all = new ArrayList<>();
      for (double label : rows.labels(row)) all.add(label);
      labels.put(rows.documents(row).get(0), all);
    }
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
        options(new CorpusSource(List.of(path), format, "text", "id"), name, length, labels, 0));
  }

  private PrepOptions options(CorpusSource of, String name, int length, LabelFields labels, double heldOutPercent) {
    return new PrepOptions(List.of(of.with(labels)), 0, List.of(), folder.resolve(name).toString(),
        Optional.of(folder.toString()), 0, length, heldOutPercent, 1, Packing.CLASSIFICATION, Optional.empty());
  }
}
