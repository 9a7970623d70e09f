package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.SparkInTests;
import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.shard.DatasetInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrepFlowTest {
  @TempDir
  Path folder;

  /** Drops documents that contain a word. */
  private record WithoutWord(String name, String word) implements CorpusStep {
    @Override
    public Dataset<Row> apply(Dataset<Row> documents) {
      return documents.withColumn(Columns.DROPPED,
          functions.when(Columns.kept().and(functions.col(Columns.TEXT).contains(word)),
              functions.lit(name + ": it says " + word)).otherwise(functions.col(Columns.DROPPED)));
    }
  }

  @Test
  void unreadableRecordsAreATableUpToTheShareThatIsAllowed() throws IOException {
    Path in = write("in.jsonl", 18, "{\"text\":7}", "no JSON");
    PrepResult result = run("some", 10, List.of(), line -> {}, CorpusSource.jsonl(in.toString()));
    assertThat(result.info().corpus().records()).isEqualTo(20);
    assertThat(result.info().corpus().rejected()).isEqualTo(2);
    assertThat(result.info().training().documents()).isEqualTo(18);
    List<Row> rejected = table(result, "rejected").orderBy("position").collectAsList();
    byte[] bytes = Files.readAllBytes(in);
    for (Row row : rejected) {
      assertThat(row.<String>getAs("file")).isEqualTo("in.jsonl");
      long position = row.getAs("position");
      String rest = new String(bytes, (int) position, bytes.length - (int) position, StandardCharsets.UTF_8);
      assertThat(rest).startsWith(row.<String>getAs("excerpt") + "\n");
    }
    assertThat(rejected).extracting(row -> row.<String>getAs("reason")).satisfiesExactly(
        reason -> assertThat(reason).startsWith("the field 'text' is '7'"),
        reason -> assertThat(reason).startsWith("this is not JSON"));
    assertThatThrownBy(() -> run("more", 9.9, List.of(), line -> {}, CorpusSource.jsonl(in.toString())))
        .isInstanceOf(UserError.class).hasMessageContaining("2 of 20 records, 10.0%, could not be read")
        .hasMessageContaining("maxRejectedPercent allows 9.9");
    assertThatThrownBy(() -> run("none", 0, List.of(), line -> {}, CorpusSource.jsonl(in.toString())))
        .isInstanceOf(UserError.class).hasMessageContaining("in.jsonl:19: the field 'text' is '7'");
    assertThat(folder.resolve("more")).doesNotExist();
    assertThat(folder.resolve("none")).doesNotExist();
  }

  @Test
  void inputsOfAllKindsKeepTheirNamesIdsAndPlaces() throws IOException {
    Path lines = write("lines/in.jsonl", 10);
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
    PrepResult result = run("kinds", 0, List.of(), line -> {}, inputs);
    assertThat(result.info().corpus().sources()).hasSize(5).hasEntrySatisfying("lines", has(10))
        .hasEntrySatisfying("books", has(2)).hasEntrySatisfying("lake", has(4)).hasEntrySatisfying("view", has(5))
        .hasEntrySatisfying("shelf", has(4));
    Dataset<Row> documents = table(result, "documents");
    Map<String, Row> byId = documents.collectAsList().stream()
        .collect(Collectors.toMap(row -> row.getString(0), row -> row));
    assertThat(byId).hasSize(25).containsKeys("lines/d3", "lake/4", "view/3", "pages/103", "books/one.txt@28");
    assertThat(byId.get("books/one.txt@0")).extracting(row -> row.getAs("characters")).isEqualTo(23);
    assertThat(byId.get("pages/103")).extracting(row -> row.getAs("position")).isEqualTo(3L);
    long tokens = documents.agg(functions.sum("tokens")).head().getLong(0);
    assertThat(tokens).isEqualTo(result.info().training().tokens() + result.info().heldOut().tokens());
    assertThat(documents.where("heldOut").count()).isEqualTo(result.info().heldOut().documents());
    List<String> said = new ArrayList<>();
    assertThat(run("kinds", 0, List.of(), said::add, inputs).alreadyDone()).isTrue();
    session.range(6).selectExpr("id", "concat('row number ', id) as body").createOrReplaceTempView("rows_of_lake");
    assertThatThrownBy(() -> run("kinds", 0, List.of(), said::add, inputs)).isInstanceOf(UserError.class)
        .hasMessageContaining("made from other inputs");
  }

  @Test
  void tablesThatAreNotAsSaidAreRefusedInOneLine() {
    for (String query : List.of("SELECT", "SELECT nothing FROM nowhere", "SELECT 1 AS id"))
      assertThatThrownBy(() -> run("sql", 0, List.of(), line -> {}, new CorpusSource("lake", List.of(query),
          CorpusFormat.SQL, CorpusSource.Fields.USUAL, "", 999))).isInstanceOf(UserError.class)
          .hasMessageContaining("lake");
    CorpusSource nameless = new CorpusSource("lake", List.of("SELECT cast(null AS string) AS id, 'a' AS text"),
        CorpusFormat.SQL, CorpusSource.Fields.USUAL, "", 999);
    assertThatThrownBy(() -> run("sql", 0, List.of(), line -> {}, nameless)).isInstanceOf(UserError.class)
        .hasMessageContaining("is null; each row must have one");
  }

  @Test
  void droppedDocumentsAreATableAndTheReportCountsThem() throws IOException {
    Path in = write("in.jsonl", 12, "{\"id\":\"a\",\"text\":\"spam and eggs\"}", "{\"id\":\"b\",\"text\":\"eggs\"}",
        "{\"id\":\"c\",\"text\":\" \\u0000 \"}");
    Files.writeString(folder.resolve("nothing.jsonl"), "");
    List<PrepStage> stages = List.of(
        new PrepStage(PrepStage.CLEAN, List.of(new WithoutWord("no-spam", "spam")), "spam"),
        new PrepStage("second", List.of(new WithoutWord("no-eggs", "eggs")), "eggs"));
    PrepResult result = run("steps", 0, stages, line -> {}, CorpusSource.jsonl(folder + "/*.jsonl"));
    Map<String, String> dropped = table(result, "dropped").collectAsList().stream()
        .collect(Collectors.toMap(row -> row.getString(0), row -> row.getAs("reason")));
    assertThat(dropped).isEqualTo(
        Map.of("a", "no-spam: it says spam", "b", "no-eggs: it says eggs", "c", "empty: no text is left"));
    assertThat(result.info().corpus().dropped()).isEqualTo(Map.of("no-spam", 1L, "no-eggs", 1L, "empty", 1L));
    assertThat(result.info().configuration()).containsEntry("second", "eggs");
    String json = Files.readString(folder.resolve("steps/prep-report.json"));
    PrepReport report = new ObjectMapper().readValue(json, PrepReport.class);
    assertThat(report.records()).isEqualTo(15);
    assertThat(report.emptyFiles()).containsExactly("nothing.jsonl");
    assertThat(report.stages()).extracting(PrepReport.Stage::documents).containsExactly(13L, 12L);
    assertThat(report.stages().get(1).dropped()).containsExactly(new PrepReport.Step("no-eggs", 1, 4,
        List.of(new PrepReport.Example("b", "it says eggs", "eggs"))));
    assertThat(report.stages().get(0).characters() - report.stages().get(1).characters()).isEqualTo(4);
    assertThat(report.lengths().stream().mapToLong(PrepReport.Length::documents).sum()).isEqualTo(12);
    PrepReport.Source source = report.sources().get("corpus");
    assertThat(source.characters()).isEqualTo(report.stages().get(1).characters());
    assertThat(source.bytesPerToken() * source.tokens()).isCloseTo(source.characters(),
        org.assertj.core.data.Offset.offset(1e-6));
    assertThat(Files.exists(in)).isTrue();
  }

  @Test
  void aRunAfterAKillTakesOverTheStagesThatWereFinishedAndMakesTheSame() throws IOException {
    Path in = write("in.jsonl", 30);
    List<PrepStage> stages = List.of(new PrepStage("second", List.of(new WithoutWord("no-17", "strong 17")), "17"));
    DatasetInfo whole = run("whole", 0, stages, line -> {}, CorpusSource.jsonl(in.toString())).info();
    assertThatThrownBy(() -> run("killed", 0, stages, line -> {
      if (line.startsWith("Encoding")) throw new LinkageError("as if killed: nothing is cleared up");
    }, CorpusSource.jsonl(in.toString()))).isInstanceOf(LinkageError.class);
    assertThat(folder.resolve("killed/dataset.json")).doesNotExist();
    assertThat(folder.resolve("killed/_unfinished/second")).exists();
    List<String> said = new ArrayList<>();
    DatasetInfo again = run("killed", 0, stages, said::add, CorpusSource.jsonl(in.toString())).info();
    assertThat(said).filteredOn(line -> line.startsWith("Taking over")).hasSize(2);
    assertThat(again).isEqualTo(whole);
    assertThat(folder.resolve("killed/_unfinished")).doesNotExist();
  }

  @Test
  void aStageOfOtherInputsOrStepsIsNotTakenOver() throws IOException {
    Path in = write("in.jsonl", 30);
    Consumer<String> killer = line -> {
      if (line.startsWith("Encoding")) throw new LinkageError("as if killed: nothing is cleared up");
    };
    List<PrepStage> stages = List.of(new PrepStage("second", List.of(new WithoutWord("no-17", "strong 17")), "17"));
    List<PrepStage> others = List.of(new PrepStage("second", List.of(new WithoutWord("no-18", "strong 18")), "18"));
    assertThatThrownBy(() -> run("out", 0, stages, killer, CorpusSource.jsonl(in.toString())))
        .isInstanceOf(LinkageError.class);
    List<String> said = new ArrayList<>();
    assertThatThrownBy(() -> run("out", 0, others, line -> {
      said.add(line);
      killer.accept(line);
    }, CorpusSource.jsonl(in.toString()))).isInstanceOf(LinkageError.class);
    assertThat(said).filteredOn(line -> line.startsWith("Taking over")).hasSize(1);
    write("in.jsonl", 31);
    said.clear();
    PrepResult result = run("out", 0, others, said::add, CorpusSource.jsonl(in.toString()));
    assertThat(said).noneMatch(line -> line.startsWith("Taking over"));
    assertThat(table(result, "dropped").collectAsList()).extracting(row -> row.getString(0)).containsExactly("d18");
  }

  private static Consumer<DatasetInfo.Source> has(long documents) {
    return source -> assertThat(source.documents()).isEqualTo(documents);
  }

  private PrepResult run(String output, double maxRejectedPercent, List<PrepStage> stages, Consumer<String> progress,
      CorpusSource... inputs) {
    return PrepJob.run(SparkInTests.session(), new PrepOptions(Arrays.asList(inputs), maxRejectedPercent, stages,
        folder.resolve(output).toString(), Optional.empty(), 264, 16, stages.isEmpty() && inputs.length > 1 ? 20 : 0,
        1),
        progress);
  }

  private static Dataset<Row> table(PrepResult result, String name) {
    return SparkInTests.session().read().parquet(result.folder() + "/" + name);
  }

  private Path write(String name, int documents, String... more) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < documents; i++)
      lines.append("{\"id\":\"d" + i + "\",\"text\":\"" + "the state of the union is strong ".repeat(i % 3 + 1) + i
          + "\"}\n");
    for (String line : more) lines.append(line).append('\n');
    return Files.writeString(file, lines);
  }
}
