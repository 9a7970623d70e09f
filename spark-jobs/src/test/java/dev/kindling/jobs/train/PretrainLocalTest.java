package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.jobs.command.Ended;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class PretrainLocalTest {
  private static final ObjectiveSettings APART = new ObjectiveSettings(ObjectiveSettings.Kind.AUTO,
      ObjectiveSettings.Documents.APART, 0.15, 0.15, 3);
  @TempDir
  static Path folder;
  private static SparkSession spark;
  private static String dataset;

  @BeforeAll
  static void start() throws Exception {
    spark = Sessions.local(2);
    dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 9);
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static PretrainConfig config(String run) {
    return TinyRuns.of(dataset, folder.resolve(run), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0);
  }

  @Test
  void aRunLearnsAndSaysSo() {
    List<String> lines = new ArrayList<>();
    PretrainResult result = PretrainJob.run(spark, config("learns"), lines::add);
    assertThat(result.finished()).isTrue();
    assertThat(result.steps()).isEqualTo(6);
    assertThat(result.ranks()).isEqualTo(1);
    assertThat(result.weightsSha256()).matches("[0-9a-f]{64}");
    assertThat(result.trainingLoss()).isLessThan(result.curve().get(0).loss());
    assertThat(result.validationPerplexity()).isBetween(1.0, (double) TinyDataset.VOCABULARY);
    assertThat(Path.of(java.net.URI.create(result.checkpoint()).getPath()))
        .isDirectoryContaining("glob:**/config.json");
    assertThat(lines).anyMatch(l -> l.contains("1 rank in this process, 2 cores"))
        .anyMatch(l -> l.matches("step 6/6 +loss .* tokens/s .* left .* off-heap"))
        .anyMatch(l -> l.contains("held-out loss"));
  }

  @Test
  void aStoppedRunGoesOnToTheSameWeights() {
    String whole = PretrainJob.run(spark, config("whole"), line -> {}).weightsSha256();
    PretrainConfig parts = config("parts");
    PretrainResult first = PretrainJob.run(spark, TinyRuns.stoppingAfter(parts, 4), line -> {});
    assertThat(first.finished()).isFalse();
    assertThat(first.weightsSha256()).isNotEqualTo(whole);
    PretrainResult second = PretrainJob.run(spark, parts, line -> {});
    assertThat(second.weightsSha256()).isEqualTo(whole);
    assertThat(second.curve()).hasSize(8);       // six steps, two evaluations
    assertThat(PretrainJob.run(spark, parts, line -> {}).weightsSha256()).isEqualTo(whole);
  }

  @Test
  void documentsKeptApartAreAnotherRunAndStayWithIt() {
    PretrainConfig together = config("together");
    PretrainConfig apart = config("apart").withObjective(APART);
    PretrainResult result = PretrainJob.run(spark, apart, line -> {});
    assertThat(result.validationPerplexity()).isBetween(1.0, (double) TinyDataset.VOCABULARY);
    assertThat(result.weightsSha256()).isNotEqualTo(PretrainJob.run(spark, together, line -> {}).weightsSha256());
    assertThatThrownBy(() -> PretrainJob.run(spark, together.withObjective(APART), line -> {}))
        .isInstanceOf(UserError.class).hasMessageContaining("objective.documents is apart");
  }

  @Test
  void checkpointedActivationsDoNotShowInTheWeightsAndDropoutDoesAndIsWrittenWithTheModel() throws IOException {
    PretrainConfig plain = config("without-dropout");
    PretrainConfig dropping = config("dropping").withModel(plain.model().withDropout(0.25));
    PretrainConfig again = config("recomputed").withModel(dropping.model())
        .withTrain(dropping.train().withActivationCheckpointing());
    String weights = PretrainJob.run(spark, dropping, line -> {}).weightsSha256();
    assertThat(PretrainJob.run(spark, again, line -> {}).weightsSha256()).isEqualTo(weights);
    assertThat(PretrainJob.run(spark, plain, line -> {}).weightsSha256()).isNotEqualTo(weights);
    try (Stream<Path> files = Files.walk(folder.resolve("dropping"))) {
      Path config = files.filter(p -> p.endsWith("config.json")).findFirst().orElseThrow();
      assertThat(new ObjectMapper().readTree(config.toFile()).get("attn_pdrop").asDouble()).isEqualTo(0.25);
    }
    assertThatThrownBy(() -> PretrainJob.run(spark, plain.withModel(dropping.model()), line -> {}))
        .isInstanceOf(UserError.class).hasMessageContaining("model.dropout is 0.25");
  }

  @Test
  void aProfileChangesNoWeightsAndIsThereAsTableAndTrace() throws IOException {
    String without = PretrainJob.run(spark, config("unprofiled"), line -> {}).weightsSha256();
    List<String> lines = new ArrayList<>();
    PretrainConfig profiled = config("profiled").withProfile(new ProfileSettings(true))
        .withAverage(new AverageSettings(0.9, true));
    assertThat(PretrainJob.run(spark, profiled, lines::add).weightsSha256()).isEqualTo(without);
    assertThat(lines).anyMatch(l -> l.startsWith("profile of 4 steps")).anyMatch(l -> l.contains("optimizer"))
        .anyMatch(l -> l.matches(" +linear 16×32×96 float32 .*")).anyMatch(l -> l.contains("normalize"));
    JsonNode trace = new ObjectMapper().readTree(folder.resolve("profiled/profile.json").toFile());
    assertThat(trace.get("traceEvents")).anyMatch(event -> event.get("name").asText().equals("crossEntropy"));
  }

  /** REPORTS B11: the steps that were asked for are done, or the message says how many there is data for. */
  @Test
  void dataThatEndsTooEarlyIsToldAndNothingHangs() throws Exception {
    String eighteen = TinyDataset.writeShards(folder.resolve("eighteen"), 10, 7, 1);
    PretrainConfig base = TinyRuns.of(eighteen, folder.resolve("nine"), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0);
    assertThat(PretrainJob.run(spark, TinyRuns.reading(base, 9, 1, 2), line -> {}).steps()).isEqualTo(9);
    Path never = folder.resolve("twelve");
    PretrainConfig tooMany = TinyRuns.reading(
        TinyRuns.of(eighteen, never, PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0), 12, 1, 2);
    assertThatThrownBy(() -> PretrainJob.run(spark, tooMany, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("train.steps is 12").hasMessageContaining("1 epoch of 18 rows end after 9 steps");
    Ended verb = Ended.of("pretrain", "--data", eighteen, "--out", never.toString(), "--set", "train.steps=12", "--set",
        "train.epochs=1", "--set", "train.virtualRanks=2", "--set", "train.microBatch=1", "--set",
        "train.accumulate=1");
    assertThat(verb.err().lines()).singleElement().asString().contains("1 epoch of 18 rows end after 9 steps");
    assertThat(verb.code()).isEqualTo(2);
    assertThat(never).doesNotExist();
  }

  @Test
  void aBugOnARankEndsTheRunAtItsSecondTimeWithItsCauseAndItsPlace() {
    List<String> lines = new ArrayList<>();
    PretrainConfig config = config("bug").withCluster(new ClusterSettings(0, 45, 9, KernelChoice.PLAIN, "0", 20));
    assertThatThrownBy(() -> PretrainJob.run(spark, config, lines::add, rank -> {
      throw new ArithmeticException("/ by zero");
    })).isInstanceOf(RunGivenUpException.class)
        .hasMessageContaining("the run failed twice in the same way from the same start: rank 0 failed: "
            + "java.lang.ArithmeticException: / by zero, at dev.kindling.jobs.train.PretrainLocalTest")
        .hasMessageContaining("the whole stack is in the driver's log");
    assertThat(lines).filteredOn(l -> l.endsWith("goes on from the newest checkpoint")).hasSize(1);
  }

  /** REPORTS E01: too few executors are told at once, with the options to change. */
  @Test
  void moreRanksThanThisProcessIsOneClearError() {
    PretrainConfig three = TinyRuns.of(dataset, folder.resolve("three"), PrecisionChoice.FLOAT32, KernelChoice.PLAIN,
        3);
    assertThatThrownBy(() -> PretrainJob.run(spark, three, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("ranks is 3").hasMessageContaining("local[2]").hasMessageContaining("--ranks");
    assertThat(spark.range(10).count()).isEqualTo(10);
  }

  @Test
  void dynamicAllocationIsRefusedWithWhatToSet() {
    SparkConf conf = new SparkConf(false).set("spark.dynamicAllocation.enabled", "true");
    assertThatThrownBy(() -> ClusterSlots.refuseDynamicAllocation(conf, false, 3)).isInstanceOf(UserError.class)
        .hasMessageContaining("spark.dynamicAllocation.enabled=false")
        .hasMessageContaining("spark.executor.instances=3");
  }

  @Test
  void aModelThatThisMachineCannotHoldIsRefusedWithTheNumbers() {
    PretrainConfig huge = config("huge").withModel(new ModelSettings(120, 128, 16_384, 0, 0));
    assertThatThrownBy(() -> PretrainJob.run(spark, huge, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("not enough memory").hasMessageContaining("GiB outside the heap");
    assertThat(folder.resolve("huge")).doesNotExist();
  }

  @Test
  void aFolderThatHoldsSomethingElseIsRefused() throws Exception {
    Path other = Files.createDirectory(folder.resolve("other"));
    Files.writeString(other.resolve("thesis.txt"), "mine");
    assertThatThrownBy(() -> PretrainJob.run(spark, config("other"), line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("thesis.txt");
    assertThat(other).isDirectoryNotContaining("glob:**/attempt-*");
  }

  @Test
  void sequencesLongerThanTheModelsContextAreRefused() {
    PretrainConfig small = config("small").withModel(new ModelSettings(2, 2, 32, 0, 8));
    assertThatThrownBy(() -> PretrainJob.run(spark, small, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("model.contextLength is 8").hasMessageContaining("16");
  }

  /** REPORTS E09: a failed run throws its cause and leaves the session usable. */
  @Test
  void aRankThatFailsIsOneErrorAndTheSessionGoesOn() throws Exception {
    String damaged = TinyDataset.write(folder.resolve("damaged"), 30, 30, 0);
    Path shard = folder.resolve("damaged/training-0.parquet");
    byte[] bytes = Files.readAllBytes(shard);
    for (int i = bytes.length / 4; i < bytes.length / 2; i++) bytes[i] ^= 0x5A;
    Files.write(shard, bytes);
    PretrainConfig config = TinyRuns.of(damaged, folder.resolve("broken"), PrecisionChoice.FLOAT32, KernelChoice.PLAIN,
        0);
    assertThatThrownBy(() -> PretrainJob.run(spark, config, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("training-0.parquet").hasMessageContaining("damaged");
    assertThat(spark.range(10).count()).isEqualTo(10);
    assertThat(PretrainJob.run(spark, config("after"), line -> {}).finished()).isTrue();
  }

  @Test
  void aRunGoesOnWithItsOwnSettingsOnly() {
    PretrainConfig config = config("own");
    PretrainJob.run(spark, TinyRuns.stoppingAfter(config, 2), line -> {});
    PretrainConfig other = config.withModel(new ModelSettings(3, 2, 32, 0, 0));
    assertThatThrownBy(() -> PretrainJob.run(spark, other, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("model.layers is 3").hasMessageContaining("was started with 2 and");
    PretrainConfig narrow = TinyRuns.of(dataset, folder.resolve("own"), PrecisionChoice.BFLOAT16, KernelChoice.PLAIN,
        0);
    assertThatThrownBy(() -> PretrainJob.run(spark, narrow, line -> {})).isInstanceOf(UserError.class)
        .hasMessageContaining("train.precision is bf16").hasMessageContaining("was started with float32 and");
    assertThat(folder.resolve("own/attempt-00001")).exists();
    assertThat(folder.resolve("own/attempt-00002")).doesNotExist();      // a run under way would have been taken over
  }

  @Test
  void aDamagedNewestCheckpointIsPassedOverWithAnyPrecision() throws Exception {
    PretrainConfig config = TinyRuns.of(dataset, folder.resolve("passed"), PrecisionChoice.AUTO, KernelChoice.PLAIN, 0)
        .withCheckpoints(CheckpointSettings.of(2, 2, 0));
    PretrainJob.run(spark, TinyRuns.stoppingAfter(config, 4), line -> {});
    Path state = folder.resolve("passed/step-00000004/trainer_state.json");
    Files.writeString(state, Files.readString(state).substring(9));
    List<String> lines = new ArrayList<>();
    assertThat(PretrainJob.run(spark, config, lines::add).finished()).isTrue();
    assertThat(lines).anyMatch(l -> l.startsWith("resumed: goes on with step 3"));
  }

  @Test
  void aRunThatAnotherTookOverEndsInOneLine() {
    CheckpointStore store = new CheckpointStore(new Configuration(),
        new org.apache.hadoop.fs.Path(folder.resolve("taken").toString()));
    PretrainConfig config = TinyRuns.reading(config("taken"), 200, 0, 8)
        .withCheckpoints(CheckpointSettings.of(1, 1, 0));
    assertThatThrownBy(() -> PretrainJob.run(spark, config, line -> {
      if (line.matches("step +1/200 .*")) claim(store);
    })).isInstanceOf(UserError.class).hasMessageContaining("attempt 2 has taken over");
  }

  private static void claim(CheckpointStore store) {
    try {
      store.claimEpoch();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void aRunThatIsCancelledIsNotSubmittedAgain() {
    PretrainConfig config = TinyRuns.reading(config("cancelled"), 5000, 0, 8)
        .withCluster(new ClusterSettings(0, 45, 2, KernelChoice.PLAIN, "0", 20));
    List<String> lines = new CopyOnWriteArrayList<>();
    assertThatThrownBy(() -> PretrainJob.run(spark, config, line -> {
      lines.add(line);
      if (line.matches("step +1/5000 .*")) spark.sparkContext().cancelAllJobs();
    })).isInstanceOf(UserError.class).hasMessageContaining("the run was stopped");
    assertThat(lines).noneMatch(l -> l.contains("goes on from"));
    assertThat(folder.resolve("cancelled/attempt-00002")).doesNotExist();
  }

  @Test
  void whatTheDriverCannotBeToldStopsNoRank() {
    ToDriver nobody = ToDriver.connect("nobody");
    nobody.say("no one hears this");
    nobody.failed(0, new UserError("nor this"));
    ToDriver gone;
    try (DriverLine line = new DriverLine(spark.sparkContext(), l -> {})) {
      gone = ToDriver.connect(line.name());
    }
    gone.failed(0, new UserError("nor this"));
  }
}
