package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.FailingFiles;
import dev.kindling.data.SparkInTests;
import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.dedup.DedupSettings;
import dev.kindling.data.dedup.NearSettings;
import dev.kindling.data.dedup.ParagraphSettings;
import dev.kindling.data.shard.DatasetInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What prep reads, what of it cannot be, and how a user hears of it. */
class PrepInputsTest {
  @TempDir
  Path folder;
  private PrepRuns runs;

  @BeforeEach
  void runsInTheFolder() {
    runs = new PrepRuns(folder);
  }

  @Test
  void unreadableRecordsAreATableUpToTheShareThatIsAllowed() throws IOException {
    Path in = runs.write("in.jsonl", 18, "{\"text\":7}", "no JSON");
    PrepResult result = runs.run("some", 10, List.of(), line -> {}, CorpusSource.jsonl(in.toString()));
    assertThat(result.info().corpus().records()).isEqualTo(20);
    assertThat(result.info().corpus().rejected()).isEqualTo(2);
    assertThat(result.info().training().documents()).isEqualTo(18);
    List<Row> rejected = PrepRuns.table(result, "rejected").orderBy("position").collectAsList();
    byte[] bytes = Files.readAllBytes(in);
    for (Row row : rejected) {
      assertThat(row.<String>getAs("file")).isEqualTo("in.jsonl");
      long position = row.getAs("position");
      String rest = new String(bytes, (int) position, bytes.length - (int) position, StandardCharsets.UTF_8);
      assertThat(rest).startsWith(row.<String>getAs("excerpt") + "\n");
    }
    assertThat(rejected).extracting(row -> row.<String>getAs("reason")).satisfiesExactly(
        reason -> assertThat(reason).startsWith("the field 'text' is the number 7"),
        reason -> assertThat(reason).startsWith("this is not JSON"));
    List<String> said = new ArrayList<>();
    List<PrepStage> more = List.of(new PrepStage("second", List.of(new WithoutWord("no-17", "strong 17")), "17"));
    assertThatThrownBy(() -> runs.run("more", 9.9, more, said::add, CorpusSource.jsonl(in.toString())))
        .isInstanceOf(UserError.class).hasMessageContaining("2 of 20 records, 10.0%, could not be read")
        .hasMessageContaining("maxRejectedPercent allows 9.9");
    assertThat(said).as("told before the second stage").noneMatch(line -> line.startsWith("second"));
    assertThatThrownBy(() -> runs.run("none", 0, List.of(), line -> {}, CorpusSource.jsonl(in.toString())))
        .isInstanceOf(UserError.class).hasMessageContaining("in.jsonl:19: the field 'text' is the number 7");
    assertThat(folder.resolve("more")).doesNotExist();
    assertThat(folder.resolve("none")).doesNotExist();
  }

  @Test
  void twoDocumentsWithOneIdAreRefusedBeforeAnyStepAndAreToldWithTheirPlaces() throws IOException {
    Path same = runs.write("same.jsonl", 3, Files.readAllLines(runs.write("in.jsonl", 3)).get(1),
        "{\"id\":\"d1\",\"text\":\"the same or not\"}", "{\"id\":\"e\",\"text\":\"the same or not\"}");
    for (CorpusStep step : new Priority(List.of()).steps(new DedupSettings(true, Optional.of(NearSettings.defaults()),
        Optional.of(ParagraphSettings.defaults())))) {
      List<String> said = new ArrayList<>();
      assertThatThrownBy(
          () -> runs.run(step.name(), 0, List.of(new PrepStage(step.name(), List.of(step), "on")), said::add,
              CorpusSource.jsonl(same.toString())))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("two documents have the id 'd1': file:" + same + ":2 and file:" + same
              + ":4; ids must be different");
      assertThat(said).as("told before the step").noneMatch(line -> line.startsWith(step.name()));
    }
    List<String> said = new ArrayList<>();
    assertThatThrownBy(() -> runs.run("none", 0, List.of(), said::add, CorpusSource.jsonl(same.toString())))
        .isInstanceOf(UserError.class).hasMessageContaining(same + ":2 and ");
    assertThat(said).as("told before the tokenizer").containsExactly("Reading 1 file, 0.0 MB");
    CorpusSource query = new CorpusSource("lake", List.of("SELECT 'x' AS id, 'text' AS text FROM range(2)"),
        CorpusFormat.SQL, CorpusSource.Fields.USUAL, "", 999);
    assertThatThrownBy(() -> runs.run("rows", 0, List.of(), line -> {}, query)).isInstanceOf(UserError.class)
        .hasMessageContaining("the id 'x': a row of SELECT 'x' AS id, 'text' AS text FROM range(2) and a row of ");
  }

  @Test
  void filesThatCannotBeReadToTheirEndCountByTheirBytesAndNotAsOneRecord() throws IOException {
    var session = SparkInTests.session();
    Path lake = folder.resolve("lake");
    for (String column : List.of("text", "text", "body")) {
      session.range(400).selectExpr("concat('the text of row number ', id) as " + column).coalesce(1).write()
          .mode("append").parquet(lake.toString());
    }
    CorpusSource source = new CorpusSource(List.of(lake.toString()), CorpusFormat.PARQUET, "text", "id");
    assertThatThrownBy(() -> runs.run("lost", 10, List.of(), line -> {}, source)).isInstanceOf(UserError.class)
        .hasMessageContaining("1 of 3 files, 33.").hasMessageContaining("could not be read to the end, such as part-")
        .hasMessageContaining("the column 'text' is missing (there are body)")
        .hasMessageContaining("maxRejectedPercent allows 10.0");
    PrepResult result = runs.run("allowed", 40, List.of(), line -> {}, source);
    assertThat(result.info().training().documents()).isEqualTo(800);
    assertThat(PrepRuns.table(result, "rejected").collectAsList()).singleElement().satisfies(row -> assertThat(
        row.<String>getAs("reason")).startsWith("nothing more is read of this file: the column 'text' is missing"));
  }

  @Test
  void aFileThatCannotBeOpenedIsToldInOneLineAndLeavesNothing() throws IOException {
    Path in = runs.write("in.jsonl", 3);
    Configuration conf = SparkInTests.session().sparkContext().hadoopConfiguration();
    for (Map.Entry<String, String> setting : FailingFiles.from(-1))
      if (setting.getKey().contains("failing.")) conf.set(setting.getKey(), setting.getValue());
    assertThatThrownBy(() -> runs.run("closed", 50, List.of(), line -> {}, CorpusSource.jsonl("failing:" + in)))
        .isInstanceOf(UserError.class).hasMessageEndingWith("in.jsonl cannot be read: Permission denied");
    assertThat(folder.resolve("closed")).doesNotExist();
  }

  @Test
  void aRowOfATableOverASmallBoundIsRejected() {
    String query = "SELECT id, if(id = 0, 'the quick brown fox jumps over the lazy dog', "
        + "repeat('long ', cast(10 + id * 4 AS int))) AS text FROM range(9)";
    CorpusSource source = new CorpusSource("lake", List.of(query), CorpusFormat.SQL, CorpusSource.Fields.USUAL, "", 50);
    PrepResult result = runs.run("short", 90, List.of(), line -> {}, source);
    assertThat(result.info().corpus().rejected()).isEqualTo(8);
    assertThat(PrepRuns.table(result, "rejected").where("excerpt = repeat('long ', 14)").count()).isEqualTo(1);
  }

  @Test
  void inputsOfAllKindsKeepTheirNamesIdsAndPlaces() throws IOException {
    Path lines = runs.write("lines/in.jsonl", 10);
    Path text = folder.resolve("books/deep/one.txt");
    Files.createDirectories(text.getParent());
    Files.writeString(text, "A book about \uD834\uDD1E music.\n%%\nAnother \u00E9 book.");
    var session = SparkInTests.session();
    session.range(5).selectExpr("id", "concat('row number ', id) as body").createOrReplaceTempView("rows_of_lake");
    session.range(4).selectExpr("id + 100 as id", "concat('page number ', id) as text", "'shelf' as kind").coalesce(1)
        .write().parquet(folder.resolve("parquet").toString());
    CorpusSource[] inputs = {CorpusSource.jsonl(lines.toString()).named("lines"),
        new CorpusSource("books", List.of(folder + "/books"), CorpusFormat.TEXT, CorpusSource.Fields.USUAL, "%%\n",
            999),
        new CorpusSource("lake", List.of("SELECT * FROM rows_of_lake WHERE id <> 3"), CorpusFormat.SQL,
            new CorpusSource.Fields("body", "id", ""), "", 999),
        new CorpusSource("view", List.of("rows_of_lake"), CorpusFormat.TABLE, new CorpusSource.Fields("body", "id", ""),
            "", 999),
        new CorpusSource("pages", List.of(folder + "/parquet"), CorpusFormat.PARQUET,
            new CorpusSource.Fields("text", "id", "kind"), "", 999)};
    List<String> told = new ArrayList<>();
    PrepResult result = runs.run("kinds", 0, List.of(), told::add, inputs);
    assertThat(told.get(0)).isEqualTo("Reading 3 files, 0.0 MB, and 2 tables or queries");
    assertThat(told).noneMatch(line -> line.startsWith("Warning"));
    assertThat(result.info().inputs().tables()).isEqualTo(2);
    assertThat(result.info().inputs().rows()).isEqualTo(9);
    PrepReport report = PrepReport.parse(Files.readString(folder.resolve("kinds/prep-report.json")));
    assertThat(List.of(report.files(), report.tables(), report.rows())).containsExactly(3L, 2L, 9L);
    assertThat(result.info().corpus().sources()).hasSize(5).hasEntrySatisfying("lines", has(10))
        .hasEntrySatisfying("books", has(2)).hasEntrySatisfying("lake", has(4)).hasEntrySatisfying("view", has(5))
        .hasEntrySatisfying("shelf", has(4));
    Dataset<Row> documents = PrepRuns.table(result, "documents");
    Map<String, Row> byId = documents.collectAsList().stream()
        .collect(Collectors.toMap(row -> row.getString(0), row -> row));
    assertThat(byId).hasSize(25).containsKeys("lines/d3", "lake/4", "view/3", "pages/103", "books/one.txt@28");
    assertThat(byId.get("books/one.txt@0")).extracting(row -> row.getAs("characters")).isEqualTo(23);
    assertThat(byId.get("pages/103")).extracting(row -> row.getAs("position")).isEqualTo(3L);
    long tokens = documents.agg(functions.sum("tokens")).head().getLong(0);
    assertThat(tokens).isEqualTo(result.info().training().tokens() + result.info().heldOut().tokens());
    assertThat(documents.where("heldOut").count()).isEqualTo(result.info().heldOut().documents());
    List<String> said = new ArrayList<>();
    assertThat(runs.run("kinds", 0, List.of(), said::add, inputs).alreadyDone()).isTrue();
    session.range(6).selectExpr("id", "concat('row number ', id) as body").createOrReplaceTempView("rows_of_lake");
    assertThatThrownBy(() -> runs.run("kinds", 0, List.of(), said::add, inputs)).isInstanceOf(UserError.class)
        .hasMessageContaining("made from other inputs");
  }

  @Test
  void aSeparatorThatDividesNothingIsToldWithItsInput() throws IOException {
    for (String name : List.of("a", "b"))
      Files.writeString(Files.createDirectories(folder.resolve("books")).resolve(name + ".txt"),
          "the state of the union\n\nis strong " + name);
    for (String separator : List.of("\n%%\n", "\n\n")) {
      List<String> said = new ArrayList<>();
      runs.run("by" + separator.length(), 0, List.of(), said::add, new CorpusSource("shelf", List.of(folder + "/books"),
          CorpusFormat.TEXT, CorpusSource.Fields.USUAL, separator, 999));
      if (separator.equals("\n\n")) assertThat(said).noneMatch(line -> line.startsWith("Warning"));
      else
        assertThat(said).contains("Warning: the separator '\\n%%\\n' divides none of the 2 files of the input shelf:"
            + " each is one document; set separator to what stands between documents");
    }
  }

  @Test
  void tablesThatAreNotAsSaidAreRefusedInOneLine() {
    for (String query : List.of("SELECT", "SELECT nothing FROM nowhere", "SELECT 1 AS id"))
      assertThatThrownBy(() -> runs.run("sql", 0, List.of(), line -> {}, new CorpusSource("lake", List.of(query),
          CorpusFormat.SQL, CorpusSource.Fields.USUAL, "", 999))).isInstanceOf(UserError.class)
          .hasMessageContaining("lake");
    CorpusSource nameless = new CorpusSource("lake", List.of("SELECT cast(null AS string) AS id, 'a' AS text"),
        CorpusFormat.SQL, CorpusSource.Fields.USUAL, "", 999);
    assertThatThrownBy(() -> runs.run("sql", 0, List.of(), line -> {}, nameless)).isInstanceOf(UserError.class)
        .hasMessageContaining("is null; each row must have one");
  }

  private static Consumer<DatasetInfo.Source> has(long documents) {
    return source -> assertThat(source.documents()).isEqualTo(documents);
  }
}
