package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.track.Events;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.loop.LossPoint;
import dev.kindling.train.tensor.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a run leaves behind of its steps, read with Spark SQL and as TensorBoard reads it. */
@Timeout(120)
class RunTableTest {
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
    return TinyRuns.of(dataset, folder.resolve(run), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0)
        .withCheckpoints(CheckpointSettings.of(2, 2, 0));
  }

  private static List<Row> table(String run) {
    return spark.sql("SELECT * FROM parquet.`" + folder.resolve(run).resolve("steps") + "` ORDER BY step")
        .collectAsList();
  }

  /** Each step once, in the table and in the plots, with the losses that the run tells. */
  private static void holdsEachStepOnce(String run, PretrainResult result) throws Exception {
    List<Row> rows = table(run);
    assertThat(rows.stream().map(row -> row.<Long>getAs("step")))
        .containsExactlyElementsOf(LongStream.rangeClosed(1, result.steps()).boxed().toList());
    List<Events.Scalar> plotted = Events.plotted(folder.resolve(run).resolve("tensorboard"));
    for (String tag : List.of("train/loss", "train/gradient_norm", "speed/tokens_per_second", "time/compute")) {
      assertThat(plotted.stream().filter(s -> s.tag().equals(tag)).map(Events.Scalar::step)).as(tag)
          .containsExactlyElementsOf(LongStream.rangeClosed(1, result.steps()).boxed().toList());
    }
    for (LossPoint point : result.curve()) {
      boolean train = point.kind().equals(LossPoint.TRAIN);
      Row row = rows.get((int) point.step() - 1);
      assertThat(row.<Double>getAs(train ? "loss" : "validationLoss")).isEqualTo(point.loss());
      assertThat(plotted).contains(
          new Events.Scalar(train ? "train/loss" : "validation/loss", point.step(), (float) point.loss()));
    }
  }

  @Test
  void aRunHasARowAStepWhoseSharesAreAllOfItsTime() throws Exception {
    PretrainResult result = PretrainJob.run(spark, config("whole"), line -> {});
    holdsEachStepOnce("whole", result);
    for (Row row : table("whole")) {
      double shares = 0;
      for (String part : List.of("compute", "data", "waiting", "network", "optimizer", "evaluate", "checkpoint",
          "other")) {
        shares += row.<Double>getAs(part);
      }
      assertThat(shares).isCloseTo(1, within(1e-9));
      assertThat(row.<Long>getAs("tokens")).isEqualTo(16L * TinyDataset.TIME);
      assertThat(row.<Double>getAs("gradientNorm")).isPositive();
      assertThat(row.<Double>getAs("tokensPerSecond")).isPositive();
      assertThat(row.<Integer>getAs("ranks")).isEqualTo(1);
    }
    assertThat(Files.readString(folder.resolve("whole/report.html"))).contains("<h1>Run whole</h1>", "Learning rate",
        "Gradient norm", "What the time goes to", "<td>train.steps</td><td class=\"number\">6</td>",
        "const points = [[1,2,3,4,5,6],");
    assertThat(spark.sql("SELECT avg(tokensPerSecond) FROM parquet.`" + folder.resolve("whole/steps")
        + "` WHERE time > now() - INTERVAL 1 HOUR").first().getDouble(0)).isPositive();
  }

  @Test
  void aRunThatWasStoppedOrFellHasEachStepOnce() throws Exception {
    PretrainConfig config = config("parts")
        .withCluster(new ClusterSettings(0, 45, 2, KernelChoice.PLAIN, "0", 20));
    PretrainJob.run(spark, TinyRuns.stoppingAfter(config, 1), line -> {});
    STEPS_LEFT.set(4);                           // step 5, when the checkpoint of step 4 is on its way or there
    List<String> lines = new ArrayList<>();
    PretrainResult result = PretrainJob.run(spark, config, lines::add, rank -> PretrainRank.run(config,
        new Rank(rank.rank(), rank.worldSize(), rank.threads(), rank.epoch(), rank.conf(),
            new FallsOnce(rank.communicator()), rank.driver())));
    assertThat(lines).anyMatch(line -> line.contains("goes on from the newest checkpoint"));
    holdsEachStepOnce("parts", result);
    assertThat(table("parts").stream().map(row -> row.<Long>getAs("attempt")).distinct()).hasSize(3);
  }

  @Test
  void aRunThatFallsBackBehindADamagedCheckpointHasEachStepOnce() throws Exception {
    PretrainConfig config = config("behind");
    PretrainJob.run(spark, TinyRuns.stoppingAfter(config, 4), line -> {});
    Path state = folder.resolve("behind/step-00000004/trainer_state.json");
    Files.writeString(state, Files.readString(state).substring(9));
    holdsEachStepOnce("behind", PretrainJob.run(spark, config, line -> {}));
  }

  @Test
  void aLossThatIsNotFiniteEndsTheRunWithItsCauseAndLeavesTheCheckpointsAlone() throws Exception {
    PretrainConfig config = TinyRuns.reading(config("diverged"), 40, 0, 8)
        .withSchedule(ScheduleSettings.of(ScheduleSettings.Shape.CONSTANT, 0, 0.1))
        .withOptimizer(new OptimizerSettings(OptimizerSettings.Kind.SGD, 3e37, 3e-3, 0, false, 0.9, 0, 0, 0,
            List.of(GroupSettings.vectors())));
    assertThatThrownBy(() -> PretrainJob.run(spark, config, line -> {})).isInstanceOf(UserError.class)
        .hasMessageMatching("the (loss|gradient norm) is (NaN|-?Infinity) in step \\d+ .*")
        .hasMessageContaining("rank 0 (virtual rank ")
        .hasMessageMatching(
            ".*(transformer\\.|came out of).*; the micro-batch: row \\d+ \\(training-\\d\\.parquet row \\d+\\).*")
        .hasMessageContaining("run again to go on");
    assertThat(folder.resolve("diverged").toFile().list()).noneMatch(name -> name.startsWith("step-"));
  }

  /** Falls at the update that is that many away, once in this process. */
  private static final AtomicInteger STEPS_LEFT = new AtomicInteger(-1);

  private record FallsOnce(Communicator real) implements Communicator {
    @Override
    public int rank() {
      return real.rank();
    }

    @Override
    public int worldSize() {
      return real.worldSize();
    }

    @Override
    public Reduction reduce(List<Contribution> mine, Shards shards, Tensor sum) {
      if (STEPS_LEFT.decrementAndGet() == 0) throw new IllegalStateException("a fault for a test");
      return real.reduce(mine, shards, sum);
    }

    @Override
    public void allToAll(List<Tensor> out, List<Tensor> in) {
      real.allToAll(out, in);
    }

    @Override
    public void allGather(Tensor flat, Shards shards) {
      real.allGather(flat, shards);
    }

    @Override
    public List<byte[]> allGather(byte[] mine) {
      return real.allGather(mine);
    }

    @Override
    public void abort(String why) {
      real.abort(why);
    }

    @Override
    public void close() {
    }
  }
}
