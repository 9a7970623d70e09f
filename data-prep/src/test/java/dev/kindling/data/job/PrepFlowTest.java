package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.data.SparkInTests;
import dev.kindling.data.clean.Masking;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.shard.DatasetInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The way of documents through the stages, and what is told of those that go. */
class PrepFlowTest {
  private static final AtomicReference<Set<Integer>> ASKED = new AtomicReference<>();

  @TempDir
  Path folder;
  private PrepRuns runs;

  @BeforeEach
  void runsInTheFolder() {
    runs = new PrepRuns(folder);
  }

  @Test
  void whatIsMaskedIsMaskedInTheExcerptsOfWhatWasDroppedBefore() throws IOException {
    String secret = "jane@example.org";
    Path in = runs.write("in.jsonl", 10, "{\"id\":\"a\",\"text\":\"spam " + "x".repeat(185) + " " + secret + "\"}",
        "{\"text\":[\"" + "x".repeat(180) + " " + secret + "\"]}");
    List<PrepStage> stages = List.of(new PrepStage(PrepStage.CLEAN,
        List.of(new WithoutWord("no-spam", "spam"), new RuleStep(new Masking(Masking.Kind.EMAIL))), "masked"));
    PrepResult result = runs.run("masked", 50, stages, line -> {}, CorpusSource.jsonl(in.toString()));
    assertThat(PrepRuns.table(result, "dropped").head().<String>getAs("excerpt"))
        .isEqualTo("spam " + "x".repeat(185) + " <EMAIL>");
    assertThat(PrepRuns.table(result, "rejected").head().<String>getAs("excerpt")).endsWith("x <EMAIL>\"]");
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
  void droppedDocumentsAreATableAndTheReportCountsThem() throws IOException {
    Path in = runs.write("in.jsonl", 12, "{\"id\":\"a\",\"text\":\"spam and eggs\"}",
        "{\"id\":\"b\",\"text\":\"eggs\"}",
        "{\"id\":\"c\",\"text\":\" \\u0000 \"}");
    Files.writeString(folder.resolve("nothing.jsonl"), "");
    List<PrepStage> stages = List.of(
        new PrepStage(PrepStage.CLEAN, List.of(new WithoutWord("no-spam", "spam")), "spam"),
        new PrepStage("second", List.of(new WithoutWord("no-eggs", "eggs")), "eggs"));
    PrepResult result = runs.run("steps", 0, stages, line -> {}, CorpusSource.jsonl(folder + "/*.jsonl"));
    Map<String, String> dropped = PrepRuns.table(result, "dropped").collectAsList().stream()
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
  void thatNoDocumentIsHeldOutIsToldUnlessNoneWasToBe() throws IOException {
    CorpusSource few = CorpusSource.jsonl(runs.write("few.jsonl", 12).toString());
    for (int percent : new int[]{1, 0}) {
      List<String> said = new ArrayList<>();
      PrepResult result = PrepJob.run(SparkInTests.session(), new PrepOptions(List.of(few), 0, List.of(),
          folder.resolve("few-" + percent).toString(), Optional.empty(), 264, 16, percent, 1), said::add);
      assertThat(result.info().heldOut().rows()).isZero();
      assertThat(said).filteredOn(line -> line.startsWith("No document is held out")).hasSize(percent);
    }
  }
}
