package dev.kindling.jobs.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.jobs.train.CheckpointSettings;
import dev.kindling.jobs.train.ClusterSettings;
import dev.kindling.jobs.train.ClusterSettings.KernelChoice;
import dev.kindling.jobs.train.ClusterSlots;
import dev.kindling.jobs.train.Sessions;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.learning.config.Adam;

/** Three executors, each a process of its own. */
@Timeout(180)
class Dl4jClusterTest {
  @TempDir
  static Path folder;
  private static List<DataSet> text;
  private static List<DataSet> vectors;
  private static List<MultiDataSet> series;
  private static String lstmAlone;
  private static String denseAlone;
  private static String graphAlone;
  private static SparkSession session;
  private static JavaSparkContext spark;

  @BeforeAll
  static void start() throws Exception {
    text = CharacterLstm.dataSets(16, 3, 30);
    vectors = TestNetworks.vectors(16);
    series = TestNetworks.series(16);
    try (SparkSession local = Sessions.local(2)) {
      spark = JavaSparkContext.fromSparkContext(local.sparkContext());
      lstmAlone = bits(lstm("alone", 0).fit(spark.parallelize(text, 2)));
      denseAlone = bits(dense("dense-alone", 0).fit(spark.parallelize(vectors, 2)));
      graphAlone = bits(graph("graph-alone", 0).fitMultiDataSet(spark.parallelize(series, 2)));
    }
    session = Sessions.cluster(3);
    spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    ClusterSlots.await(session.sparkContext(), 3, 150);   // a loaded machine takes its time to start them
  }

  @AfterAll
  static void stop() {
    session.stop();
  }

  /** Its time series are of two segments each. */
  private static Dl4jTraining<MultiLayerNetwork> lstm(String run, int ranks) {
    return training(CharacterLstm.truncated(new Adam(1e-2), 40, 20), run, ranks);
  }

  /** With batch normalization, whose statistics depend on the batch, and dropout, which depends on chance. */
  private static Dl4jTraining<MultiLayerNetwork> dense(String run, int ranks) {
    return training(TestNetworks.dense(new Adam(1e-2), true, 0.5), run, ranks);
  }

  private static Dl4jTraining<MultiLayerNetwork> training(MultiLayerNetwork network, String run, int ranks) {
    return with(ranks, Dl4jTraining.of(spark, network, relative(run)));
  }

  /** With masks, and several inputs and outputs. */
  private static Dl4jTraining<ComputationGraph> graph(String run, int ranks) {
    return with(ranks, Dl4jTraining.of(spark, TestNetworks.graph(), relative(run)));
  }

  private static <N extends Model> Dl4jTraining<N> with(int ranks, Dl4jTraining<N> training) {
    return training.epochs(2).cluster(new ClusterSettings(ranks, 45, 0, KernelChoice.PLAIN, "0", 20))
        .telling(line -> {});
  }

  /** To the driver, not to an executor. */
  private static String relative(String run) {
    return Path.of("").toAbsolutePath().relativize(folder.resolve(run)).toString();
  }

  /** DL4J's equality of arrays allows for roundings; this does not. */
  private static String bits(Model network) {
    return NetworkCheckpoints.sha256(network.params());
  }

  @Test
  void twoAndThreeExecutorsGiveTheBitsOfOneProcess() {
    for (int ranks : new int[]{2, 3}) {
      assertThat(bits(lstm("lstm-" + ranks, ranks).fit(spark.parallelize(text, ranks)))).isEqualTo(lstmAlone);
      assertThat(bits(dense("dense-" + ranks, ranks).fit(spark.parallelize(vectors, ranks)))).isEqualTo(denseAlone);
      assertThat(bits(graph("graph-" + ranks, ranks).fitMultiDataSet(spark.parallelize(series, ranks))))
          .isEqualTo(graphAlone);
    }
  }

  @Test
  void aRunThatStoppedOnThreeExecutorsGoesOnWithTwo() {
    lstm("resumed", 3).stopAfter(2).fit(spark.parallelize(text, 3));
    assertThat(bits(lstm("resumed", 2).fit(spark.parallelize(text, 3)))).isEqualTo(lstmAlone);
  }

  @Test
  void aRunThatLosesAnExecutorGoesOnWithTheOthersToTheSameBits() {
    String undisturbed = bits(longer("undisturbed", line -> {}).fit(spark.parallelize(vectors, 3)));
    List<String> lines = new CopyOnWriteArrayList<>();
    ProcessHandle victim = ProcessHandle
        .of(spark.parallelize(List.of(1), 1).map(one -> ProcessHandle.current().pid()).first()).orElseThrow();
    MultiLayerNetwork trained = longer("killed", line -> {
      lines.add(line);
      if (line.startsWith("step 30/")) victim.destroyForcibly();
    }).fit(spark.parallelize(vectors, 3));
    assertThat(victim.isAlive()).isFalse();
    assertThat(lines).anyMatch(l -> l.endsWith("goes on from the newest checkpoint"))
        .anyMatch(l -> l.startsWith("resumed: goes on with step "));
    assertThat(bits(trained)).isEqualTo(undisturbed);
  }

  private static Dl4jTraining<MultiLayerNetwork> longer(String run, Consumer<String> told) {
    return dense(run, 0).epochs(40).checkpoints(CheckpointSettings.of(10, 2, 0))
        .cluster(new ClusterSettings(0, 45, 1, 3, KernelChoice.PLAIN, "0", 20, 25)).telling(told);
  }
}
