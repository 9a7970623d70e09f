package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.track.MlflowSettings;
import dev.kindling.jobs.track.TrackingSettings;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.SparkException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three executors, each a process of its own. */
@Timeout(180)
class PretrainClusterTest {
  @TempDir
  static Path folder;
  private static String dataset;
  private static String eighteen;
  /** What one process makes of the same settings. */
  private static final Map<PrecisionChoice, String> alone = new HashMap<>();
  private static SparkSession spark;

  @BeforeAll
  static void start() throws Exception {
    dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 9);
    eighteen = TinyDataset.writeShards(folder.resolve("eighteen"), 10, 7, 1);
    try (SparkSession local = Sessions.local(2)) {
      for (PrecisionChoice precision : List.of(PrecisionChoice.FLOAT32, PrecisionChoice.BFLOAT16)) {
        alone.put(precision,
            PretrainJob.run(local, config("alone-" + precision, precision, 0), line -> {}).weightsSha256());
      }
    }
    spark = Sessions.cluster(3);
    ClusterSlots.await(spark.sparkContext(), 3, 150);     // a loaded machine takes its time to start them
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static PretrainConfig config(String run, PrecisionChoice precision, int ranks) {
    return TinyRuns.of(dataset, folder.resolve(run), precision, KernelChoice.BEST, ranks);
  }

  @Test
  void twoAndThreeExecutorsGiveTheBitsOfOneProcess() {
    for (int ranks : new int[]{2, 3}) {
      PretrainResult result = PretrainJob.run(spark, config("float32-" + ranks, PrecisionChoice.FLOAT32, ranks),
          line -> {});
      assertThat(result.ranks()).isEqualTo(ranks);
      assertThat(result.weightsSha256()).isEqualTo(alone.get(PrecisionChoice.FLOAT32));
    }
  }

  @Test
  void pathsWithoutABeginningAreTheDriversOnEveryExecutor() {
    Path here = Path.of("").toAbsolutePath();
    PretrainConfig relative = TinyRuns.of(here.relativize(Path.of(dataset)).toString(),
        here.relativize(folder.resolve("relative")), PrecisionChoice.FLOAT32, KernelChoice.BEST, 2);
    assertThat(PretrainJob.run(spark, relative, line -> {}).weightsSha256())
        .isEqualTo(alone.get(PrecisionChoice.FLOAT32));
    assertThat(folder.resolve("relative")).isDirectory();
  }

  @Test
  void theSameHoldsInBfloat16() {
    List<String> lines = new ArrayList<>();
    PretrainResult result = PretrainJob.run(spark, config("bf16", PrecisionChoice.BFLOAT16, 0), lines::add);
    assertThat(result.ranks()).isEqualTo(3);     // all that there are
    assertThat(result.weightsSha256()).isEqualTo(alone.get(PrecisionChoice.BFLOAT16));
    assertThat(lines).anyMatch(l -> l.contains("3 ranks, one an executor, 1 core each"))
        .anyMatch(l -> l.startsWith("step 6/6")).noneMatch(l -> l.startsWith("gradients are exchanged "));
  }

  @Test
  void aRunThatStoppedOnThreeRanksGoesOnWithTwo() {
    PretrainConfig three = config("resumed", PrecisionChoice.FLOAT32, 3);
    assertThat(PretrainJob.run(spark, TinyRuns.stoppingAfter(three, 4), line -> {}).finished()).isFalse();
    PretrainResult result = PretrainJob.run(spark, config("resumed", PrecisionChoice.FLOAT32, 2), line -> {});
    assertThat(result.weightsSha256()).isEqualTo(alone.get(PrecisionChoice.FLOAT32));
  }

  @Test
  void twoExecutorsKeepTheLossesOfDocumentsThatOneProcessDoes() throws Exception {
    String named = TinyDataset.writeNamed(folder.resolve("named"), 40);
    List<List<Row>> tables = new ArrayList<>();
    for (int ranks : new int[]{1, 2}) {
      Path run = folder.resolve("losses-" + ranks);
      PretrainJob.run(spark, TinyRuns.of(named, run, PrecisionChoice.FLOAT32, KernelChoice.PLAIN, ranks)
          .withTracking(new TrackingSettings(false, false, MlflowSettings.defaults(), 1)), line -> {});
      tables.add(spark.sql("SELECT step, row, document, tokens, loss FROM parquet.`" + run + "/document-losses`"
          + " ORDER BY step, row").collectAsList());
    }
    assertThat(tables.get(1)).hasSize(6 * 16).isEqualTo(tables.get(0));
  }

  /** REPORTS B11: nobody waits for a rank whose data has ended. */
  @Test
  void twoRanksReadEighteenRowsInNineSteps() {
    PretrainConfig config = TinyRuns.reading(
        TinyRuns.of(eighteen, folder.resolve("nine"), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 2), 9, 1, 2);
    Instant start = Instant.now();
    PretrainResult result = PretrainJob.run(spark, config, line -> {});
    assertThat(result.steps()).isEqualTo(9);
    assertThat(result.finished()).isTrue();
    assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(60));
  }

  /** REPORTS B11 too: more steps than there are rows for are refused, and told how many there would be. */
  @Test
  void twoRanksDoNotBeginTwelveStepsOfEighteenRows() {
    PretrainConfig config = TinyRuns.reading(
        TinyRuns.of(eighteen, folder.resolve("twelve"), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 2), 12, 1, 2);
    assertThatThrownBy(() -> PretrainJob.run(spark, config, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("1 epoch of 18 rows end after 9 steps");
    assertThat(folder.resolve("twelve")).doesNotExist();
  }

  @Test
  void sparksPageCountsEachStepOnceAndTheTimeOfAllRanks() throws Exception {
    StageTotals totals = StageTotals.of(spark.sparkContext());
    PretrainJob.run(spark, config("counted", PrecisionChoice.FLOAT32, 2), line -> {});
    totals.upToDate();
    assertThat(totals.count("steps")).isEqualTo(6);
    assertThat(totals.count("tokens")).isEqualTo(6L * 16 * TinyDataset.TIME);
    for (String part : List.of("compute", "data", "wait", "network"))
      assertThat(totals.seconds(part)).as(part).isPositive();
  }

  /** And the trace has them as spans of both ranks. */
  @Test
  void aProfileOfTwoRanksHasWhatTheyWaitAndExchangeAndTheSpeedOfProducts() throws Exception {
    List<String> lines = new ArrayList<>();
    PretrainConfig config = config("profiled", PrecisionChoice.FLOAT32, 2).withProfile(new ProfileSettings(true));
    assertThat(PretrainJob.run(spark, config, lines::add).weightsSha256())
        .isEqualTo(alone.get(PrecisionChoice.FLOAT32));
    assertThat(lines).anyMatch(l -> l.matches("  part +rank 0 +rank 1"));
    for (String part : List.of("compute", "wait", "network")) {
      double[] columns = numbers(lines, part);   // milliseconds and shares of either rank
      assertThat(columns).as(part).hasSize(4);
      assertThat(columns[0] + columns[2]).as("ms of %s", part).isPositive();
    }
    double[] product = numbers(lines, "linear 16×32×96 float32");   // calls, ms, share, GFLOP/s, the same alone
    assertThat(product).hasSize(5);
    assertThat(product[3]).as("GFLOP/s").isBetween(0.05, 1000.0);
    assertThat(product[4]).as("GFLOP/s alone").isBetween(0.1, 1000.0);
    JsonNode trace = new ObjectMapper().readTree(folder.resolve("profiled/profile.json").toFile());
    for (int rank : new int[]{0, 1}) {
      for (String part : List.of("wait", "network")) {
        assertThat(trace.get("traceEvents")).as("%s of rank %d", part, rank)
            .anyMatch(e -> e.get("pid").asInt() == rank && e.get("name").asText().equals(part));
      }
    }
  }

  /** Of a line of the profile's table. */
  private static double[] numbers(List<String> lines, String name) {
    String line = lines.stream().filter(l -> l.startsWith("  " + name + " ")).findFirst().orElseThrow();
    return Arrays.stream(line.substring(2 + name.length()).replace("%", "").strip().split(" +"))
        .mapToDouble(Double::parseDouble).toArray();
  }

  @Test
  void aRunThatExchangesItsGradientsRoundedSaysThatItsBitsNeedItsNumberOfRanks() {
    List<String> lines = new ArrayList<>();
    List<String> weights = new ArrayList<>();
    for (String run : List.of("rounded", "again")) {
      PretrainConfig rounded = config(run, PrecisionChoice.FLOAT32, 2)
          .withGradients(GradientSettings.of(GradientSettings.Kind.BFLOAT16));
      weights.add(PretrainJob.run(spark, rounded, lines::add).weightsSha256());
    }
    assertThat(lines).filteredOn(l -> l.startsWith("gradients are exchanged ")).hasSize(2)
        .containsOnly("gradients are exchanged bf16: the same bits need the same number of ranks, 2");
    assertThat(weights.get(1)).isEqualTo(weights.get(0)).isNotEqualTo(alone.get(PrecisionChoice.FLOAT32));
  }

  /** REPORTS E01: wanted and available are told within a minute, with the options to change. */
  @Test
  void moreRanksThanExecutorsIsOneClearError() {
    ClusterSettings four = new ClusterSettings(4, 3, 0, KernelChoice.PLAIN, "0", 20);
    assertThatThrownBy(
        () -> PretrainJob.run(spark, config("four", PrecisionChoice.FLOAT32, 0).withCluster(four), line -> {}))
        .isInstanceOf(UserError.class).hasMessageContaining("ranks is 4").hasMessageContaining("there are 3 executors")
        .hasMessageContaining("each of which wants spark.executor.memory")
        .hasMessageContaining("workers that have as much free")
        .hasMessageContaining("--ranks").hasMessageContaining("spark.executor.instances");
    assertThat(folder.resolve("four")).doesNotExist();
  }

  @Test
  void whyARankFailedIsKnownBeforeItsPeersMissIt() {
    AtomicReference<DriverLine> line = new AtomicReference<>();
    List<String> knownWhenMissed = new CopyOnWriteArrayList<>();
    ClusterSettings two = new ClusterSettings(2, 45, 0, KernelChoice.PLAIN, "0", 20);
    try (DriverLine open = new DriverLine(spark.sparkContext(),
        missed -> line.get().failures().forEach(f -> knownWhenMissed.add(f.message())))) {
      line.set(open);
      assertThatThrownBy(() -> new RankStage(2, 1, 2, 1, two).run(spark.sparkContext(), open, FAILING))
          .isInstanceOf(SparkException.class);
    }
    assertThat(knownWhenMissed).startsWith("the shard is damaged");
  }

  private static final RankStage.Body<Integer> FAILING = rank -> {
    rank.communicator().allGather(new byte[0]);  // all are there
    if (rank.rank() == 1) throw new UserError("the shard is damaged");
    try {
      rank.communicator().allGather(new byte[0]);
    } catch (RuntimeException e) {
      rank.driver().say("missed rank 1");
      throw e;
    }
    return 0;
  };

  @Test
  void executorsBeyondTheVirtualRanksStayIdleAndTheRunSaysSo() {
    List<String> lines = new ArrayList<>();
    PretrainConfig config = TinyRuns.reading(
        TinyRuns.of(eighteen, folder.resolve("idle"), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0), 3, 0, 2);
    assertThat(PretrainJob.run(spark, config, lines::add).ranks()).isEqualTo(2);
    assertThat(lines).anyMatch(l -> l.contains("1 of 3 executors stay idle: virtualRanks is 2"));
  }
}
