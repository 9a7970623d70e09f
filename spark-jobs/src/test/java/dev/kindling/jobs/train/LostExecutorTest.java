package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Executors are processes that can be killed. */
@Tag("slow")
@Timeout(400)
class LostExecutorTest {
  @TempDir
  Path folder;

  private PretrainConfig config(String run) throws Exception {
    String dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 0);
    return TinyRuns
        .reading(TinyRuns.of(dataset, folder.resolve(run), PrecisionChoice.FLOAT32, KernelChoice.PLAIN, 0), 60, 0, 8)
        .withCheckpoints(CheckpointSettings.of(10, 2, 0))
        .withCluster(new ClusterSettings(0, 60, 2, KernelChoice.PLAIN, "0", 5));
  }

  @Test
  void aRunThatLosesAnExecutorEndsWithTheWeightsOfOneThatLostNone() throws Exception {
    String whole;
    try (SparkSession local = Sessions.local(1)) {
      whole = PretrainJob.run(local, config("whole"), line -> {}).weightsSha256();
    }
    try (SparkSession spark = Sessions.cluster(2)) {
      ClusterSlots.await(spark.sparkContext(), 2, 150);
      List<String> lines = new CopyOnWriteArrayList<>();
      ProcessHandle victim = executor(spark);
      AtomicBoolean killed = new AtomicBoolean();
      PretrainResult result = PretrainJob.run(spark, config("killed"), line -> {
        lines.add(line);
        if (line.startsWith("step 25/") && !killed.getAndSet(true)) victim.destroyForcibly();
      });
      assertThat(killed).isTrue();
      assertThat(lines).anyMatch(l -> l.contains("goes on from the newest checkpoint"))
          .anyMatch(l -> l.startsWith("resumed: goes on with step "));
      assertThat(result.weightsSha256()).isEqualTo(whole);
      assertThat(spark.range(10).count()).isEqualTo(10);
    }
  }

  @Test
  void aRunThatLosesMoreExecutorsThanItMayEndsInOneLine() throws Exception {
    try (SparkSession spark = Sessions.cluster(2)) {
      ClusterSlots.await(spark.sparkContext(), 2, 150);
      PretrainConfig config = config("given-up")
          .withCluster(new ClusterSettings(0, 60, 0, KernelChoice.PLAIN, "0", 5));
      ProcessHandle victim = executor(spark);
      assertThatThrownBy(() -> PretrainJob.run(spark, config, line -> {
        if (line.startsWith("step 25/")) victim.destroyForcibly();
      })).isInstanceOf(RunGivenUpException.class).hasMessageContaining("cluster.retries is 0; the run failed once")
          .hasMessageContaining(config.run());
    }
  }

  @Test
  void aRunGoesOnWithWhatIsLeftAndTakesExecutorsThatComeBack() throws Exception {
    try (SparkSession spark = Sessions.cluster(2)) {
      ClusterSlots.await(spark.sparkContext(), 2, 150);
      List<String> lines = new CopyOnWriteArrayList<>();
      ProcessHandle victim = executor(spark);
      PretrainConfig config = TinyRuns.reading(config("grown"), 100_000, 0, 8);
      // it is not waited for the end of this long run
      assertThatThrownBy(() -> PretrainJob.run(spark, config, line -> {
        lines.add(line);
        if (line.startsWith("step     25/")) victim.destroyForcibly();
        boolean grown = lines.stream().filter(l -> l.startsWith("resumed: goes on with step ")).count() == 2;
        if (grown && line.startsWith("step ")) spark.sparkContext().cancelAllJobs();
      })).isInstanceOf(UserError.class).hasMessageContaining("the run was stopped");
      assertThat(lines.stream().filter(l -> l.contains(", one an executor")).map(l -> l.substring(0, 2)))
          .containsExactly("2 ", "1 ", "2 ");
      assertThat(lines).contains("there are 2 executors now: from the next checkpoint on the run takes 2");
    }
  }

  /** The process of one executor. */
  private static ProcessHandle executor(SparkSession spark) {
    long pid = JavaSparkContext.fromSparkContext(spark.sparkContext()).parallelize(List.of(1), 1)
        .map(one -> ProcessHandle.current().pid()).first();
    return ProcessHandle.of(pid).orElseThrow();
  }
}
