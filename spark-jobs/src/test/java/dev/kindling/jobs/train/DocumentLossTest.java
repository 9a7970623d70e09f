package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.jobs.command.Ended;
import dev.kindling.jobs.lineage.LineageTables;
import dev.kindling.jobs.lineage.StepLineage;
import dev.kindling.jobs.lineage.TracedRun;
import dev.kindling.jobs.track.MlflowSettings;
import dev.kindling.jobs.track.TrackingSettings;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.loop.RowObjectives;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs of 6 steps of 16 sequences, and what each of them lost on each of 70 documents, and of 30 others that have the names of the
 * first.
 */
@Timeout(180)
class DocumentLossTest {
  private static final Configuration CONF = new Configuration();
  @TempDir
  static Path folder;
  private static String dataset;
  private static SparkSession spark;
  private static PretrainConfig whole;
  private static PretrainConfig mixed;

  @BeforeAll
  static void train() throws IOException {
    dataset = prepared("data", "In the year", 70);
    String other = prepared("other", "Of the year", 30, "--set", "tokenizer=" + dataset);
    spark = Sessions.local(2);
    whole = config("whole", 1);
    PretrainJob.run(spark, whole, line -> {});
    mixed = config("mixed", 1).withData(new DataSettings(0, 0, List.of(DataSettings.Other.ofText(other)), 1));
    PretrainJob.run(spark, mixed, line -> {});
  }

  private static String prepared(String name, String begins, int documents, String... more) throws IOException {
    Path corpus = folder.resolve(name + "-in/corpus.txt");
    Files.createDirectories(corpus.getParent());
    Files.writeString(corpus, IntStream.range(0, documents)
        .mapToObj(i -> begins + " " + (1790 + i) + " " + "all was well, ".repeat(i % 5) + "citizens.\n")
        .collect(Collectors.joining()));
    String out = folder.resolve(name).toString();
    Ended ended = Ended.of(Stream.concat(Stream.of("prep", "--in", corpus.toString(), "--out", out, "--set",
        "format=lines", "--set", "vocabularySize=270", "--set", "sequenceLength=24", "--set", "heldOutPercent=10"),
        Stream.of(more)).toArray(String[]::new));
    assertThat(ended.code()).as(ended.err()).isZero();
    return out;
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static PretrainConfig config(String run, double share) {
    return TinyRuns.of(dataset, folder.resolve(run), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0)
        .withCheckpoints(CheckpointSettings.of(2, 9, 0))
        .withTracking(new TrackingSettings(false, false, MlflowSettings.defaults(), share));
  }

  private static List<Row> table(String run) {
    return spark.sql("SELECT step, row, document, tokens, loss, dataset FROM parquet.`" + folder.resolve(run)
        + "/document-losses` ORDER BY step, dataset, row, document, loss").collectAsList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"whole", "mixed"})
  void theFirstStepLosesWhatTheFreshModelDoesOnTheDocumentsBetweenTheEndsOfText(String run) {
    PretrainPlan plan = PretrainPlan.of(run.equals("whole") ? whole : mixed, CONF);
    Map<String, List<Row>> told = table(run).stream().filter(row -> row.getLong(0) == 1)
        .collect(Collectors.groupingBy(row -> row.getString(5)));
    assertThat(told).hasSize(run.equals("whole") ? 1 : 2);
    try (Kernels kernels = PlainKernels.of(1);
        DecoderModel fresh = DecoderModel.create((DecoderConfig) plan.model(), kernels, Precision.FLOAT32,
            whole.train().seed())) {
      told.forEach((of, losses) -> {
        PackedDataset alone = PackedDataset.open(CONF, new org.apache.hadoop.fs.Path(of));
        losses.stream().collect(Collectors.groupingBy(row -> row.getLong(1)))
            .forEach((row, documents) -> assertLosses(alone, row, fresh, documents));
      });
    }
  }

  private static void assertLosses(PackedDataset rows, long row, DecoderModel model, List<Row> documents) {
    float[] losses = new float[rows.sequenceLength()];
    model.losses(RowObjectives.nextTokens(rows, new long[]{row}, 1), losses);
    List<Double> sums = new ArrayList<>();
    boolean begins = true;                                 // of a document, with the next target
    for (int t = 0; t < rows.targets(row); t++) {
      if (begins) sums.add(0.0);
      sums.set(sums.size() - 1, sums.get(sums.size() - 1) + losses[t]);
      begins = rows.tokens(row)[t + 1] == rows.info().endOfText();
    }
    assertThat(documents).hasSameSizeAs(sums);
    List<Double> given = documents.stream().map(each -> each.getDouble(4)).sorted().toList();
    sums.sort(Comparator.naturalOrder());
    for (int i = 0; i < sums.size(); i++) assertThat(given.get(i)).isCloseTo(sums.get(i), within(1e-4));
  }

  @Test
  void rowsOfOneNumberAndDocumentsOfOneNameInTwoDatasetsStayApart() {
    for (String column : List.of("row", "document"))
      assertThat(spark.sql("SELECT " + column + " FROM parquet.`" + folder.resolve("mixed/document-losses`")
          + " GROUP BY 1 HAVING count(DISTINCT dataset) = 2").collectAsList()).as(column).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"whole", "mixed"})
  void theDocumentsOfAStepAddUpToItsLossAndAreThoseOfItsLineage(String name) throws IOException {
    TracedRun run = TracedRun.open(CONF, hadoop(name), Optional.empty());
    List<Row> steps = spark.sql("SELECT step, labels, loss FROM parquet.`" + folder.resolve(name + "/steps") + "`")
        .collectAsList();
    assertThat(steps).hasSize(6);
    for (Row step : steps) {
      List<Row> losses = table(name).stream().filter(row -> row.getLong(0) == step.getLong(0)).toList();
      assertThat(losses.stream().mapToLong(row -> row.getInt(3)).sum()).isEqualTo(step.getLong(1));
      assertThat(losses.stream().mapToDouble(row -> row.getDouble(4)).sum() / step.getLong(1))
          .isCloseTo(step.getDouble(2), within(1e-5));
      TreeSet<String> read = new TreeSet<>();
      for (StepLineage.Sequence sequence : StepLineage.of(CONF, run, step.getLong(0)).sequences())
        for (StepLineage.Stretch each : sequence.stretches())
          if (each.end() > 1) read.add(sequence.dataset() + " " + sequence.row() + " " + each.document());
      assertThat(losses.stream().map(row -> row.getString(5) + " " + row.getLong(1) + " " + row.getString(2))
          .collect(Collectors.toSet())).isEqualTo(read);
    }
  }

  @Test
  void aRunThatStoppedAndFellBackHasEachStepOnceAndTheSameLosses() throws IOException {
    PretrainConfig parts = config("parts", 1);
    PretrainJob.run(spark, TinyRuns.stoppingAfter(parts, 3), line -> {});
    PretrainJob.run(spark, TinyRuns.stoppingAfter(parts, 5), line -> {});
    Path newest = folder.resolve("parts/step-00000005.attempt-00002/trainer_state.json");
    Files.writeString(newest, Files.readString(newest).substring(9));
    PretrainJob.run(spark, parts, line -> {});
    assertThat(table("parts")).isEqualTo(table("whole"));
  }

  @Test
  void aShareOfTheStepsIsChosenByTheSeed() {
    for (String run : List.of("half", "again")) PretrainJob.run(spark, config(run, 0.5), line -> {});
    List<Long> steps = table("half").stream().map(row -> row.getLong(0)).distinct().toList();
    assertThat(steps).hasSizeBetween(1, 5);
    assertThat(table("half")).isEqualTo(table("again"))
        .isEqualTo(table("whole").stream().filter(row -> steps.contains(row.getLong(0))).toList());
    PretrainJob.run(spark, config("none", 0), line -> {});
    assertThat(folder.resolve("none/document-losses")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"whole", "mixed"})
  void theQueriesOfTheReadmeAnswerWhatTheySay(String name) throws IOException {
    TracedRun run = TracedRun.open(CONF, hadoop(name), Optional.empty());
    new LineageTables(spark, run).write();
    List<String> queries = new ArrayList<>();
    Matcher sql = Pattern.compile("```sql\n(.*?)```", Pattern.DOTALL)
        .matcher(Files.readString(Path.of("../README.md")));
    while (sql.find())
      if (sql.group(1).matches("(?s).*(document-losses|lineage/).*"))
        queries.add(sql.group(1).replace("runs/books", folder.resolve(name).toString()));
    assertThat(queries).hasSize(2);
    Map<String, double[]> sums = new HashMap<>();
    for (Row row : table(name)) {
      if (row.getLong(0) != 3) continue;
      double[] sum = sums.computeIfAbsent(row.getString(5) + " " + row.getString(2), document -> new double[2]);
      sum[0] += row.getDouble(4);
      sum[1] += row.getInt(3);
    }
    List<Row> worst = spark.sql(queries.get(0).replace("step = 812", "step = 3")).collectAsList();
    assertThat(worst).hasSameSizeAs(sums.keySet());
    for (Row row : worst) {
      double[] sum = sums.get(row.<String>getAs("dataset") + " " + row.<String>getAs("document"));
      assertThat(row.<Double>getAs("meanLoss")).isCloseTo(sum[0] / sum[1], within(1e-9));
    }
    assertThat(worst).extracting(row -> row.<Double>getAs("meanLoss")).isSortedAccordingTo(Comparator.reverseOrder());
    record Document(String dataset, String id) {}
    Map<Document, Long> earliest = new HashMap<>();
    for (long step = 6; step >= 1; step--) {
      for (StepLineage.Sequence read : StepLineage.of(CONF, run, step).sequences())
        for (StepLineage.Stretch each : read.stretches())
          earliest.put(new Document(read.dataset(), each.document()), step);
    }
    Document last = earliest.keySet().stream().max(Comparator.comparing(earliest::get)).orElseThrow();
    String saw = queries.get(1).replace("%data/books", last.dataset()).replace("books.jsonl@45120",
        last.id());
    assertThat(spark.sql(saw).collectAsList().stream().map(row -> row.getString(0)))
        .isEqualTo(run.checkpoints().stream()
            .filter(saved -> saved.step() >= earliest.get(last)).map(TracedRun.Saved::path).toList())
        .isNotEmpty();
  }

  private static org.apache.hadoop.fs.Path hadoop(String run) {
    return new org.apache.hadoop.fs.Path(folder.resolve(run).toUri());
  }
}
