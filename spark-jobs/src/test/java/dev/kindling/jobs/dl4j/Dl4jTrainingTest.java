package dev.kindling.jobs.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.inspect.Inspection;
import dev.kindling.jobs.train.Sessions;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.RmsProp;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.ExponentialSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;

/** In one process, against what DL4J itself makes of the same batches. */
@Timeout(120)
class Dl4jTrainingTest {
  private static final int VIRTUAL_RANKS = 4;
  @TempDir
  static Path folder;
  private static SparkSession session;
  private static JavaSparkContext spark;

  @BeforeAll
  static void start() {
    session = Sessions.local(2);
    spark = JavaSparkContext.fromSparkContext(session.sparkContext());
  }

  @AfterAll
  static void stop() {
    session.stop();
  }

  /** A source that takes data sets in their order, so that DL4J can be given the same. */
  record InOrder(ArrayList<MultiDataSet> sets) implements ExampleSource {
    static InOrder of(List<DataSet> sets) {
      return new InOrder(new ArrayList<>(sets.stream().map(DataSet::toMultiDataSet).toList()));
    }

    @Override
    public MultiDataSet examples(long step, int virtualRank) {
      return sets.get((int) ((step - 1) * VIRTUAL_RANKS + virtualRank) % sets.size());
    }

    @Override
    public long passes(long steps) {
      return steps * VIRTUAL_RANKS / sets.size();
    }
  }

  static List<IUpdater> updaters() {
    return List.of(new Adam(new ExponentialSchedule(ScheduleType.ITERATION, 1e-2, 0.9)),
        new Nesterovs(new StepSchedule(ScheduleType.EPOCH, 0.1, 0.5, 1), 0.9), new RmsProp(1e-2));
  }

  @ParameterizedTest
  @MethodSource("updaters")
  void stepsAreThoseOfDl4jOnTheWholeBatch(IUpdater updater) {
    List<DataSet> sets = TestNetworks.vectors(12);
    MultiLayerNetwork ours = training(TestNetworks.dense(updater, false, 1), "whole-" + updater.getClass().getName())
        .fit(InOrder.of(sets), 6);
    MultiLayerNetwork theirs = TestNetworks.dense(updater, false, 1);
    for (int epoch = 0; epoch < 2; epoch++) {
      for (int step = 0; step < 3; step++) {
        theirs.fit(DataSet.merge(sets.subList(step * VIRTUAL_RANKS, (step + 1) * VIRTUAL_RANKS)));
      }
      theirs.incrementEpochCount();
    }
    assertAgree(ours, theirs, TestNetworks.dense(updater, false, 1));
    assertThat(ours.getIterationCount()).isEqualTo(6);
    assertThat(ours.getEpochCount()).isEqualTo(2);
    assertClose(ours.getUpdater().getStateViewArray(), theirs.getUpdater().getStateViewArray());
  }

  @Test
  void aGraphWithMasksAndSeveralInputsAndOutputsLikewise() {
    List<MultiDataSet> sets = TestNetworks.series(8);
    ComputationGraph ours = Dl4jTraining.of(spark, TestNetworks.graph(), run("graph")).virtualRanks(VIRTUAL_RANKS)
        .telling(line -> {}).fit(new InOrder(new ArrayList<>(sets)), 4);
    ComputationGraph theirs = TestNetworks.graph();
    for (int step = 0; step < 4; step++) {
      int from = step * VIRTUAL_RANKS % sets.size();
      theirs.fit(org.nd4j.linalg.dataset.MultiDataSet.merge(sets.subList(from, from + VIRTUAL_RANKS)));
    }
    assertAgree(ours, theirs, TestNetworks.graph());
  }

  @Test
  void anLstmLikewise() {
    List<DataSet> sets = CharacterLstm.dataSets(8, 2, 11);
    MultiLayerNetwork ours = training(CharacterLstm.network(new Adam(1e-2), 12), "lstm").fit(InOrder.of(sets), 4);
    MultiLayerNetwork theirs = CharacterLstm.network(new Adam(1e-2), 12);
    for (int step = 0; step < 4; step++) {
      int from = step * VIRTUAL_RANKS % sets.size();
      theirs.fit(DataSet.merge(sets.subList(from, from + VIRTUAL_RANKS)));
    }
    assertAgree(ours, theirs, CharacterLstm.network(new Adam(1e-2), 12));
  }

  /** 11 characters are segments of 4, 4 and 3, each with an update, and the LSTM remembers those before. */
  @Test
  void truncatedBackpropagationLikewise() {
    List<DataSet> sets = CharacterLstm.dataSets(8, 2, 11);
    MultiLayerNetwork ours = training(CharacterLstm.truncated(new Adam(1e-2), 12, 4), "truncated")
        .fit(InOrder.of(sets), 4);
    MultiLayerNetwork theirs = CharacterLstm.truncated(new Adam(1e-2), 12, 4);
    for (int step = 0; step < 4; step++) {
      int from = step * VIRTUAL_RANKS % sets.size();
      theirs.fit(DataSet.merge(sets.subList(from, from + VIRTUAL_RANKS)));
    }
    assertAgree(ours, theirs, CharacterLstm.truncated(new Adam(1e-2), 12, 4));
    assertThat(ours.getIterationCount()).isEqualTo(12);
  }

  @Test
  void aVirtualRankOfShorterSeriesWaitsForTheOthersSegments() {
    List<DataSet> sets = new ArrayList<>(CharacterLstm.dataSets(3, 2, 11));
    sets.addAll(CharacterLstm.dataSets(1, 2, 3));
    MultiLayerNetwork ours = training(CharacterLstm.truncated(new Adam(1e-2), 12, 4), "lengths")
        .fit(InOrder.of(sets), 2);
    assertThat(ours.getIterationCount()).isEqualTo(6);
    MultiLayerNetwork theirs = CharacterLstm.truncated(new Adam(1e-2), 12, 4);
    for (int step = 0; step < 2; step++) theirs.fit(DataSet.merge(sets));
    assertAgree(ours, theirs, CharacterLstm.truncated(new Adam(1e-2), 12, 4));
  }

  /** Batch normalization normalizes each virtual rank's own examples; its running mean is that of all of them. */
  @Test
  void runningMeansOfBatchNormalizationAreWeightedByExamples() {
    List<DataSet> sets = TestNetworks.vectors(VIRTUAL_RANKS);
    MultiLayerNetwork ours = training(TestNetworks.dense(new Adam(1e-2), true, 1), "norm").fit(InOrder.of(sets), 1);
    MultiLayerNetwork theirs = TestNetworks.dense(new Adam(1e-2), true, 1);
    theirs.fit(DataSet.merge(sets));
    assertClose(ours.getLayer(1).getParam("mean"), theirs.getLayer(1).getParam("mean"));
  }

  @Test
  void anRddIsReadOnceEachPassAndLearnedFrom() {
    List<String> lines = new CopyOnWriteArrayList<>();
    List<DataSet> sets = CharacterLstm.dataSets(16, 4, 20);
    MultiLayerNetwork network = CharacterLstm.network(new Adam(2e-2), 16);
    double before = score(network, sets);
    training(network, "rdd").telling(lines::add).epochs(6).fit(spark.parallelize(sets, 3));
    assertThat(score(network, sets)).isLessThan(0.85 * before);
    assertThat(network.getIterationCount()).isEqualTo(24);
    assertThat(network.getEpochCount()).isEqualTo(6);
    assertThat(lines).anyMatch(l -> l.startsWith("step 24/24  score "));
  }

  @Test
  void aStoppedRunGoesOnToTheSameBitsAndAFinishedOneSaysSo() {
    List<DataSet> sets = TestNetworks.vectors(10);
    String whole = bits(training(TestNetworks.dense(new Adam(1e-2), true, 0.5), "never-stopped").epochs(3)
        .fit(spark.parallelize(sets, 2)).params());
    training(TestNetworks.dense(new Adam(1e-2), true, 0.5), "stopped").epochs(3).stopAfter(3)
        .fit(spark.parallelize(sets, 2));
    MultiLayerNetwork resumed = training(TestNetworks.dense(new Adam(1e-2), true, 0.5), "stopped").epochs(3)
        .fit(spark.parallelize(sets, 2));
    assertThat(bits(resumed.params())).isEqualTo(whole);
    List<String> lines = new ArrayList<>();
    MultiLayerNetwork again = training(TestNetworks.dense(new Adam(1e-2), true, 0.5), "stopped").epochs(3)
        .telling(lines::add).fit(spark.parallelize(sets, 2));
    assertThat(bits(again.params())).isEqualTo(whole);
    assertThat(lines).anyMatch(l -> l.startsWith("already complete: step 7 of 7"));
  }

  @Test
  void aCheckpointIsAFileOfDl4js() throws Exception {
    MultiLayerNetwork network = training(TestNetworks.dense(new Adam(1e-2), false, 1), "zip")
        .fit(InOrder.of(TestNetworks.vectors(4)), 2);
    MultiLayerNetwork read = ModelSerializer
        .restoreMultiLayerNetwork(folder.resolve("zip/step-00000002/network.zip").toFile(), true);
    assertThat(bits(read.params())).isEqualTo(bits(network.params()));
    assertThat(bits(read.getUpdater().getStateViewArray())).isEqualTo(bits(network.getUpdater().getStateViewArray()));
    assertThat(read.getIterationCount()).isEqualTo(2);
    Inspection inspected = Inspection.of(new Configuration(), new org.apache.hadoop.fs.Path(run("zip")));
    assertThat(inspected.whole()).isTrue();
    assertThat(inspected.lines()).anyMatch(line -> line.contains("step-00000002"));
  }

  /** Told in this process, which is the driver's and the rank's. */
  static final class Told extends BaseTrainingListener implements Serializable {
    private static final long serialVersionUID = 1L;
    static final List<String> WHAT = new CopyOnWriteArrayList<>();

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
      assertThat(model.score()).isPositive();
      WHAT.add("iteration " + iteration + " of epoch " + epoch);
    }

    @Override
    public void onEpochStart(Model model) {
      WHAT.add("start");
    }

    @Override
    public void onEpochEnd(Model model) {
      WHAT.add("end");
    }
  }

  @Test
  void listenersOfTheNetworkAreTold() {
    MultiLayerNetwork network = TestNetworks.dense(new Adam(1e-2), false, 1);
    network.setListeners(new Told());
    training(network, "told").fit(InOrder.of(TestNetworks.vectors(8)), 3);
    assertThat(Told.WHAT).containsExactly("start", "iteration 0 of epoch 0", "iteration 1 of epoch 0", "end", "start",
        "iteration 2 of epoch 1");
  }

  @Test
  void anotherNetworkInTheFolderIsOneClearError() {
    training(CharacterLstm.network(new Adam(1e-2), 6), "widths").fit(InOrder.of(CharacterLstm.dataSets(4, 1, 3)), 1);
    assertThatThrownBy(() -> training(CharacterLstm.network(new Adam(1e-2), 7), "widths")
        .fit(InOrder.of(CharacterLstm.dataSets(4, 1, 3)), 2)).isInstanceOf(UserError.class)
        .hasMessageContaining("\"nout\" : 7").hasMessageContaining("was started with \"nout\" : 6")
        .hasMessageContaining("another folder");
  }

  @Test
  void tooFewDataSetsIsOneClearError() {
    assertThatThrownBy(() -> training(TestNetworks.dense(new Adam(1e-2), false, 1), "few")
        .fit(spark.parallelize(TestNetworks.vectors(3)))).isInstanceOf(UserError.class)
        .hasMessageContaining("virtualRanks is 4").hasMessageContaining("3");
  }

  @Test
  void otherTypesThanFloatAreRefusedAtOnce() {
    MultiLayerConfiguration twice = new NeuralNetConfiguration.Builder().dataType(DataType.DOUBLE).list()
        .layer(new OutputLayer.Builder(LossFunction.MSE).nIn(1).nOut(1).activation(Activation.IDENTITY).build())
        .build();
    assertThatThrownBy(() -> training(initialized(twice), "double")).isInstanceOf(UserError.class)
        .hasMessageContaining("data type is DOUBLE");
  }

  private static MultiLayerNetwork initialized(MultiLayerConfiguration configuration) {
    MultiLayerNetwork network = new MultiLayerNetwork(configuration);
    network.init();
    return network;
  }

  private static Dl4jTraining<MultiLayerNetwork> training(MultiLayerNetwork network, String run) {
    return Dl4jTraining.of(spark, network, run(run)).virtualRanks(VIRTUAL_RANKS).telling(line -> {});
  }

  /** DL4J's equality of arrays allows for roundings; this does not. */
  private static String bits(INDArray array) {
    return NetworkCheckpoints.sha256(array);
  }

  private static String run(String name) {
    return folder.resolve(name).toString();
  }

  private static double score(MultiLayerNetwork network, List<DataSet> sets) {
    return network.score(DataSet.merge(sets));
  }

  /** @param start the network as it was before its first step */
  private static void assertAgree(Model ours, Model theirs, Model start) {
    assertClose(ours.params(), theirs.params());
    assertThat(ours.params().distance2(start.params())).isGreaterThan(1e-2);
  }

  private static void assertClose(INDArray ours, INDArray theirs) {
    assertThat(ours.shape()).isEqualTo(theirs.shape());
    assertThat(ours.distance2(theirs) / theirs.norm2Number().doubleValue()).isCloseTo(0, within(2e-6));
  }
}
