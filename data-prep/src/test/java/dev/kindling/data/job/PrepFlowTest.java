package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.FailingFiles;
import dev.kindling.data.SparkInTests;
import dev.kindling.data.clean.Masking;
import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.decontaminate.DecontaminationSettings;
import dev.kindling.data.dedup.DedupSettings;
import dev.kindling.data.dedup.NearSettings;
import dev.kindling.data.dedup.ParagraphSettings;
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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrepFlowTest {
  private static final AtomicReference<Set<Integer>> ASKED = new AtomicReference<>();

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
        reason -> assertThat(reason).startsWith("the field 'text' is the number 7"),
        reason -> assertThat(reason).startsWith("this is not JSON"));
    List<String> said = new ArrayList<>();
    List<PrepStage> more = List.of(new PrepStage("second", List.of(new WithoutWord("no-17", "strong 17")), "17"));
    assertThatThrownBy(() -> run("more", 9.9, more, said::add, CorpusSource.jsonl(in.toString())))
        .isInstanceOf(UserError.class).hasMessageContaining("2 of 20 records, 10.0%, could not be read")
        .hasMessageContaining("maxRejectedPercent allows 9.9");
    assertThat(said).as("told before the second stage").noneMatch(line -> line.startsWith("second"));
    assertThatThrownBy(() -> run("none", 0, List.of(), line -> {}, CorpusSource.jsonl(in.toString())))
        .isInstanceOf(UserError.class).hasMessageContaining("in.jsonl:19: the field 'text' is the number 7");
    assertThat(folder.resolve("more")).doesNotExist();
    assertThat(folder.resolve("none")).doesNotExist();
  }

  @Test
  void twoDocumentsWithOneIdAreRefusedBeforeAnyStepAndAreToldWithTheirPlaces() throws IOException {
    Path same = write("same.jsonl", 3, Files.readAllLines(write("in.jsonl", 3)).get(1),
        "{\"id\":\"d1\",\"text\":\"the same or not\"}", "{\"id\":\"e\",\"text\":\"the same or not\"}");
    for (CorpusStep step : new Priority(List.of()).steps(new DedupSettings(true, Optional.of(NearSettings.defaults()),
        Optional.of(ParagraphSettings.defaults())))) {
      List<String> said = new ArrayList<>();
      assertThatThrownBy(() -> run(step.name(), 0, List.of(new PrepStage(step.name(), List.of(step), "on")), said::add,
          CorpusSource.jsonl(same.toString()))).isInstanceOf(UserError.class)
          .hasMessageContaining("two documents have the id 'd1': file:" + same + ":2 and file:" + same
              + ":4; ids must be different");
      assertThat(said).as("told before the step").noneMatch(line -> line.startsWith(step.name()));
    }
    List<String> said = new ArrayList<>();
    assertThatThrownBy(() -> run("none", 0, List.of(), said::add, CorpusSource.jsonl(same.toString())))
        .isInstanceOf(UserError.class).hasMessageContaining(same + ":2 and ");
    assertThat(said).as("told before the tokenizer").containsExactly("Reading 1 file, 0.0 MB");
    CorpusSource query = new CorpusSource("lake", List.of("SELECT 'x' AS id, 'text' AS text FROM range(2)"),
        CorpusFormat.SQL, CorpusSource.Fields.USUAL, "", 999);
    assertThatThrownBy(() -> run("rows", 0, List.of(), line -> {}, query)).isInstanceOf(UserError.class)
        .hasMessageContaining("the id 'x': a row of SELECT 'x' AS id, 'text' AS text FROM range(2) and a row of ");
  }

  @Test
  void whatIsMaskedIsMaskedInTheExcerptsOfWhatWasDroppedBefore() throws IOException {
    String secret = "jane@example.org";
    Path in = write("in.jsonl", 10, "{\"id\":\"a\",\"text\":\"spam " + "x".repeat(185) + " " + secret + "\"}",
        "{\"text\":[\"" + "x".repeat(180) + " " + secret + "\"]}");
    List<PrepStage> stages = List.of(new PrepStage(PrepStage.CLEAN,
        List.of(new WithoutWord("no-spam", "spam"), new RuleStep(new Masking(Masking.Kind.EMAIL))), "masked"));
    PrepResult result = run("masked", 50, stages, line -> {}, CorpusSource.jsonl(in.toString()));
    assertThat(table(result, "dropped").head().<String>getAs("excerpt"))
        .isEqualTo("spam " + "x".repeat(185) + " <EMAIL>");
    assertThat(table(result, "rejected").head().<String>getAs("excerpt")).endsWith("x <EMAIL>\"]");
    assertThat(Files.readString(folder.resolve("masked/prep-report.json"))).doesNotContain("jane")
        .contains("x <EMAIL>");
  }

  @Test
  void tablesAreMadeByAsManyTasksAsBeforeTheirFewFiles() throws IOException {
    Set<Integer> tasks = ConcurrentHashMap.newKeySet();
    ASKED.set(tasks);
    Dataset<Row> documents = Corpus.of(IntStream.range(0, 40).mapToObj(i -> Corpus.document("d" + i, "eggs")).toList())
        .repartition(4).map((MapFunction<Row, Row>) row -> {
          ASKED.get().add(TaskContext.getPartitionId());
          return RowFactory.create(row.get(0), row.get(1), row.get(2), row.get(3), row.get(4), "no-eggs: eggs");
        }, Encoders.row(Columns.SCHEMA));
    StageCounts counts = StageCounts.of(documents, new Excerpts(List.of()));
    OutputFolder output = new OutputFolder(new Configuration(), new org.apache.hadoop.fs.Path(folder + "/tables"),
        DatasetInfo.FILE, Set.of());
    output.begin();
    tasks.clear();
    new PrepTables(SparkInTests.session(), output, new Excerpts(List.of())).dropped(documents, counts);
    assertThat(tasks).hasSize(4);
    try (Stream<Path> files = Files.list(Path.of(output.stage("dropped").toUri()))) {
      assertThat(files.filter(file -> file.toString().endsWith(".parquet"))).hasSize(1);
    }
  }

  @Test
  void shufflesHaveAPartitionFor64MebibytesAndAtLeastOneForACore() {
    assertThat(ShufflePartitions.number(2L << 40, 32)).isEqualTo(32_768);
    assertThat(ShufflePartitions.number(1 << 20, 32)).isEqualTo(32);
    assertThat(ShufflePartitions.number(Long.MAX_VALUE, 32)).isEqualTo(100_000);
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
    assertThatThrownBy(() -> run("lost", 10, List.of(), line -> {}, source)).isInstanceOf(UserError.class)
        .hasMessageContaining("1 of 3 files, 33.").hasMessageContaining("could not be read to the end, such as part-")
        .hasMessageContaining("the column 'text' is missing (there are body)")
        .hasMessageContaining("maxRejectedPercent allows 10.0");
    PrepResult result = run("allowed", 40, List.of(), line -> {}, source);
    assertThat(result.info().training().documents()).isEqualTo(800);
    assertThat(table(result, "rejected").collectAsList()).singleElement().satisfies(row -> assertThat(
        row.<String>getAs("reason")).startsWith("nothing more is read of this file: the column 'text' is missing"));
  }

  @Test
  void aFileThatCannotBeOpenedIsToldInOneLineAndLeavesNothing() throws IOException {
    Path in = write("in.jsonl", 3);
    Configuration conf = SparkInTests.session().sparkContext().hadoopConfiguration();
    for (Map.Entry<String, String> setting : FailingFiles.from(-1))
      if (setting.getKey().contains("failing.")) conf.set(setting.getKey(), setting.getValue());
    assertThatThrownBy(() -> run("closed", 50, List.of(), line -> {}, CorpusSource.jsonl("failing:" + in)))
        .isInstanceOf(UserError.class).hasMessageEndingWith("in.jsonl cannot be read: Permission denied");
    assertThat(folder.resolve("closed")).doesNotExist();
  }

  @Test
  void aRowOfATableOverASmallBoundIsRejected() {
    String query = "SELECT id, if(id = 0, 'the quick brown fox jumps over the lazy dog', "
        + "repeat('long ', cast(10 + id * 4 AS int))) AS text FROM range(9)";
    CorpusSource source = new CorpusSource("lake", List.of(query), CorpusFormat.SQL, CorpusSource.Fields.USUAL, "", 50);
    PrepResult result = run("short", 90, List.of(), line -> {}, source);
    assertThat(result.info().corpus().rejected()).isEqualTo(8);
    assertThat(table(result, "rejected").where("excerpt = repeat('long ', 14)").count()).isEqualTo(1);
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
    List<String> told = new ArrayList<>();
    PrepResult result = run("kinds", 0, List.of(), told::add, inputs);
    assertThat(told.get(0)).isEqualTo("Reading 3 files, 0.0 MB, and 2 tables or queries");
    assertThat(told).noneMatch(line -> line.startsWith("Warning"));
    assertThat(result.info().inputs().tables()).isEqualTo(2);
    assertThat(result.info().inputs().rows()).isEqualTo(9);
    PrepReport report = PrepReport.parse(Files.readString(folder.resolve("kinds/prep-report.json")));
    assertThat(List.of(report.files(), report.tables(), report.rows())).containsExactly(3L, 2L, 9L);
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
  void aSeparatorThatDividesNothingIsToldWithItsInput() throws IOException {
    for (String name : List.of("a", "b"))
      Files.writeString(Files.createDirectories(folder.resolve("books")).resolve(name + ".txt"),
          "the state of the union\n\nis strong " + name);
    for (String separator : List.of("\n%%\n", "\n\n")) {
      List<String> said = new ArrayList<>();
      run("by" + separator.length(), 0, List.of(), said::add, new CorpusSource("shelf", List.of(folder + "/books"),
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
    assertThat(unfinished("killed")).contains("second");
    List<String> said = new ArrayList<>();
    DatasetInfo again = run("killed", 0, stages, said::add, CorpusSource.jsonl(in.toString())).info();
    assertThat(said).filteredOn(line -> line.startsWith("Taking over")).hasSize(2);
    assertThat(again).isEqualTo(whole);
    assertThat(folder.resolve("killed/_unfinished")).doesNotExist();
  }

  @Test
  void thatNoDocumentIsHeldOutIsToldUnlessNoneWasToBe() throws IOException {
    CorpusSource few = CorpusSource.jsonl(write("few.jsonl", 12).toString());
    for (int percent : new int[]{1, 0}) {
      List<String> said = new ArrayList<>();
      PrepResult result = PrepJob.run(SparkInTests.session(), new PrepOptions(List.of(few), 0, List.of(),
          folder.resolve("few-" + percent).toString(), Optional.empty(), 264, 16, percent, 1), said::add);
      assertThat(result.info().heldOut().rows()).isZero();
      assertThat(said).filteredOn(line -> line.startsWith("No document is held out")).hasSize(percent);
    }
  }

  @Test
  void aStageOfAnotherVersionOfTheCodeIsNotTakenOver() {
    List<PrepStage> stages = List.of(new PrepStage(PrepStage.CLEAN, List.of(), ""),
        new PrepStage("second", List.of(), "x"));
    PrepOptions options = PrepOptions.of(CorpusSource.jsonl("in.jsonl"), "out");
    assertThat(CorpusFlow.fingerprints(options, stages, "inputs", "1 0.1.0").values())
        .doesNotContainAnyElementsOf(CorpusFlow.fingerprints(options, stages, "inputs", "1 0.2.0").values())
        .containsExactlyElementsOf(CorpusFlow.fingerprints(options, stages, "inputs", "1 0.1.0").values());
  }

  @Test
  void aStageThatOnlyLooksIsNoSecondCopyOfTheCorpus() throws IOException {
    Path in = write("in.jsonl", 30);
    Path quiz = write("quiz.jsonl", 1);
    Decontamination step = new Decontamination(EvaluationFiles.read(new Configuration(),
        new DecontaminationSettings(List.of(quiz.toString()), 5, 5, DecontaminationSettings.Action.FLAG)),
        DecontaminationSettings.Action.FLAG);
    assertThatThrownBy(() -> run("out", 0, List.of(new PrepStage(step.name(), List.of(step), "flag")), line -> {
      if (line.startsWith("Encoding")) throw new LinkageError("as if killed: nothing is cleared up");
    }, CorpusSource.jsonl(in.toString()))).isInstanceOf(LinkageError.class);
    assertThat(unfinished("out")).contains("clean").doesNotContain("decontaminate");
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

  /** What the one run that was interrupted left. */
  private List<String> unfinished(String output) throws IOException {
    try (Stream<Path> runs = Files.list(folder.resolve(output + "/_unfinished"))) {
      return Arrays.asList(runs.toList().get(0).toFile().list());
    }
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
