package dev.kindling.jobs.dl4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Small networks with what DL4J's updaters can meet, and random examples for them. */
final class TestNetworks {
  private TestNetworks() {
  }

  /**
   * Dense layers with l1, l2 and clipped gradients, or with batch normalization (DL4J would clip its running means too).
   *
   * @param keep the part that dropout keeps; 1: no dropout
   */
  static MultiLayerNetwork dense(IUpdater updater, boolean batchNorm, double keep) {
    NeuralNetConfiguration.ListBuilder list = new NeuralNetConfiguration.Builder().seed(3).updater(updater).l2(1e-3)
        .l1(1e-4).gradientNormalizationThreshold(0.5)
        .gradientNormalization(batchNorm ? GradientNormalization.None : GradientNormalization.ClipL2PerLayer).list()
        .layer(new DenseLayer.Builder().nOut(17).activation(Activation.TANH).dropOut(keep).build());
    if (batchNorm) list.layer(new BatchNormalization.Builder().build());
    MultiLayerNetwork network = new MultiLayerNetwork(list
        .layer(new OutputLayer.Builder(LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build())
        .setInputType(InputType.feedForward(5)).build());
    network.init();
    return network;
  }

  /** Data sets of 1, 2, 3, 1, 2, ... examples. */
  static List<DataSet> vectors(int count) {
    Random random = new Random(5);
    List<DataSet> all = new ArrayList<>();
    for (int d = 0; d < count; d++) {
      int n = 1 + d % 3;
      INDArray labels = Nd4j.zeros(n, 3);
      for (int e = 0; e < n; e++) labels.putScalar(e, random.nextInt(3), 1);
      all.add(new DataSet(normal(random, n, 5), labels));
    }
    return all;
  }

  /** A time series and a vector in; a label a time step and a value a series out. */
  static ComputationGraph graph() {
    ComputationGraph graph = new ComputationGraph(new NeuralNetConfiguration.Builder().seed(4).updater(new Adam(1e-2))
        .l2(1e-3).graphBuilder().addInputs("series", "vector")
        .addLayer("lstm", new LSTM.Builder().nIn(4).nOut(6).activation(Activation.TANH).build(), "series")
        .addLayer("steps",
            new RnnOutputLayer.Builder(LossFunction.MCXENT).nIn(6).nOut(3).activation(Activation.SOFTMAX).build(),
            "lstm")
        .addVertex("last", new LastTimeStepVertex("series"), "lstm")
        .addVertex("both", new MergeVertex(), "last", "vector")
        .addLayer("value",
            new OutputLayer.Builder(LossFunction.MSE).nIn(8).nOut(1).activation(Activation.IDENTITY).build(), "both")
        .setOutputs("steps", "value").setInputTypes(InputType.recurrent(4), InputType.feedForward(2)).build());
    graph.init();
    return graph;
  }

  /** Of 2 series each, of different lengths: what is behind a series' end is masked. */
  static List<MultiDataSet> series(int count) {
    Random random = new Random(6);
    List<MultiDataSet> all = new ArrayList<>();
    int n = 2, time = 5;
    for (int d = 0; d < count; d++) {
      INDArray mask = Nd4j.zeros(n, time);
      INDArray labels = Nd4j.zeros(n, 3, time);
      for (int e = 0; e < n; e++) {
        int length = 1 + random.nextInt(time);
        for (int t = 0; t < time; t++) {
          labels.putScalar(e, random.nextInt(3), t, 1);
          if (t < length) mask.putScalar(e, t, 1);
        }
      }
      all.add(new org.nd4j.linalg.dataset.MultiDataSet(
          new INDArray[]{normal(random, n, 4, time), normal(random, n, 2)},
          new INDArray[]{labels, normal(random, n, 1)}, new INDArray[]{mask, null}, new INDArray[]{mask.dup(), null}));
    }
    return all;
  }

  private static INDArray normal(Random random, long... shape) {
    INDArray array = Nd4j.zeros(shape);
    INDArray flat = array.reshape(array.length());
    for (long i = 0; i < flat.length(); i++) flat.putScalar(i, random.nextGaussian());
    return array;
  }
}
