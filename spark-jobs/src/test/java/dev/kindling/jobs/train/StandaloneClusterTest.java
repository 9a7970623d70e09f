package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.OptimizerStates;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import dev.kindling.train.collective.Communicator;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The promise that this exists for, on a real standalone cluster: the result does not depend on the executors. */
@Tag("slow")
@Timeout(500)
class StandaloneClusterTest {
  private static final int STEPS = 200;
  @TempDir
  Path folder;

  /** What a run leaves: equal ones go on alike. */
  private record Bits(String weights, String optimizer) {
    static Bits of(PretrainResult result) {
      Checkpoint last = Checkpoint.read(new Configuration(), new org.apache.hadoop.fs.Path(result.checkpoint()));
      try (OptimizerStates states = last.optimizer()) {
        return new Bits(result.weightsSha256(), states.sha256());
      }
    }
  }

  private PretrainConfig config(String run, int ranks) throws IOException {
    String dataset = TinyDataset.write(folder.resolve("data"), 50, 20, 0);
    PretrainConfig tiny = TinyRuns.of(dataset, folder.resolve(run), PrecisionChoice.FLOAT32, KernelChoice.BEST, ranks);
    TrainSettings t = tiny.train();
    return tiny
        .withTrain(new TrainSettings(STEPS, 0, 1, 8, 8, t.seed(), t.precision(), t.clipNorm(), 0, 1, 10, 0))
        .withCheckpoints(CheckpointSettings.of(10, 2, 0))
        .withCluster(new ClusterSettings(ranks, 60, 1, 5, KernelChoice.BEST, "0", 5, 25));
  }

  private Bits run(SparkSession spark, String name, int ranks) throws IOException {
    PretrainResult result = PretrainJob.run(spark, config(name, ranks), line -> {});
    assertThat(result.steps()).isEqualTo(STEPS);
    return Bits.of(result);
  }

  @Test
  void oneToFourRanksAndARunWithLossesLeaveTheSameWeightsAndOptimizer() throws Exception {
    try (StandaloneCluster cluster = StandaloneCluster.start(folder.resolve("cluster"), 4);
        SparkSession spark = cluster.session(Map.of())) {
      ClusterSlots.await(spark.sparkContext(), 4, 150);
      Bits alone = run(spark, "1", 1);
      for (int ranks = 2; ranks <= 4; ranks++) {
        assertThat(run(spark, "" + ranks, ranks)).as(ranks + " ranks").isEqualTo(alone);
      }

      List<String> lines = new CopyOnWriteArrayList<>();
      PretrainConfig lossy = config("lossy", 0);
      PretrainResult result = PretrainJob.run(spark, lossy, line -> {
        lines.add(line);
        if (isFirst(line, "step  40/", lines)) lose(cluster, 2, 3);
        if (isFirst(line, "step  80/", lines)) {
          lose(cluster, 1);
          begin(cluster);
        }
      }, rank -> PretrainRank.run(lossy, slower(rank)));
      System.out.println(String.join("\n", lines));
      assertThat(Bits.of(result)).isEqualTo(alone);
      assertThat(lines.stream().filter(l -> l.contains("one an executor")).map(l -> l.substring(0, 1)))
          .startsWith("4").containsSubsequence("4", "2", "1", "2");
      assertThat(lines).filteredOn(l -> l.startsWith("resumed: goes on with step ")).hasSizeGreaterThanOrEqualTo(3);
    }
  }

  @Test
  void aRunOutlivesTheMasterAndThenAHostThatNobodyReplaces() throws Exception {
    try (StandaloneCluster cluster = StandaloneCluster.start(folder.resolve("cluster"), 2);
        SparkSession spark = cluster.session(Map.of())) {
      ClusterSlots.await(spark.sparkContext(), 2, 150);
      Bits alone = run(spark, "1", 1);
      List<String> lines = new CopyOnWriteArrayList<>();
      PretrainResult result = PretrainJob.run(spark, config("masterless", 0), line -> {
        lines.add(line);
        if (isFirst(line, "step  40/", lines)) cluster.killMaster();
        if (isFirst(line, "step  80/", lines)) lose(cluster, 1);
      });
      assertThat(Bits.of(result)).isEqualTo(alone);
      assertThat(lines.stream().filter(l -> l.contains("one an executor")).map(l -> l.substring(0, 1)))
          .containsExactly("2", "1");
    }
  }

  /** Steps since the newest checkpoint are done again. */
  private static boolean isFirst(String line, String start, List<String> lines) {
    return line.startsWith(start) && lines.stream().filter(l -> l.startsWith(start)).count() == 1;
  }

  /** Waits a little before each micro-batch, so that the run lasts until a lost host is back. */
  private static Rank slower(Rank rank) {
    String beforeEach = nameOf("throwIfLost");
    Communicator real = rank.communicator();
    Communicator slower = (Communicator) Proxy.newProxyInstance(Communicator.class.getClassLoader(),
        new Class<?>[]{Communicator.class}, (proxy, method, arguments) -> {
          if (method.getName().equals(beforeEach)) Thread.sleep(2);
          try {
            return method.invoke(real, arguments);
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        });
    return new Rank(rank.rank(), rank.worldSize(), rank.threads(), rank.epoch(), rank.conf(), slower, rank.driver());
  }

  /** A method of the communicator's; an exception where it has another name by now. */
  private static String nameOf(String method) {
    try {
      return Communicator.class.getMethod(method).getName();
    } catch (NoSuchMethodException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void lose(StandaloneCluster cluster, int... workers) {
    for (int worker : workers) cluster.kill(worker);
  }

  private static void begin(StandaloneCluster cluster) {
    try {
      cluster.beginWorker();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
