package dev.kindling.jobs.dl4j;

import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** What DL4J's two kinds of networks do each in their own words. */
sealed interface Dl4jModel permits LayersModel, GraphModel {
  static Dl4jModel of(Model model) {
    if (model instanceof MultiLayerNetwork layers) return new LayersModel(layers);
    if (model instanceof ComputationGraph graph) return new GraphModel(graph);
    throw new IllegalArgumentException(model.getClass() + " is no network");
  }

  Model model();

  /** Forward and backward. Gradients are then in {@link #gradients}, {@code model().score()} is set. @return how many examples */
  int backward(MultiDataSet examples);

  /** All gradients as one vector, in the order of the parameters; a view. */
  INDArray gradients();

  /** Which is made, with its state, where there was none. */
  BaseMultiLayerUpdater<?> updater();

  /** Whether updates are divided by the number of examples, and the score is their mean. */
  boolean isMean();

  /** The part of the score that is l1 and l2. */
  double regularization();

  /** Of the pieces of time series that each make an update (truncated backpropagation); 0: series are whole. */
  int segmentLength();

  Layer[] layers();

  /** As JSON. */
  String configuration();

  /** Updates so far. */
  int iteration();

  /** Passes over the data so far. */
  int epoch();

  void setCounts(int iteration, int epoch);

  void setScore(double score);

  /** A second network over the same parameters, with gradients and activations of its own, to be used by one thread. */
  Dl4jModel sharing();
}
