package dev.kindling.jobs.dl4j;

import dev.kindling.checkpoint.UserError;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** A chain of layers: one input, one output. */
record LayersModel(MultiLayerNetwork model) implements Dl4jModel {
  @Override
  public int backward(MultiDataSet examples) {
    if (examples.numFeatureArrays() != 1 || examples.numLabelsArrays() != 1) {
      throw new UserError("examples have " + examples.numFeatureArrays() + " inputs and " + examples.numLabelsArrays()
          + " outputs; a MultiLayerNetwork takes one of each: use a ComputationGraph");
    }
    model.setInput(examples.getFeatures(0));
    model.setLabels(examples.getLabels(0));
    model.setLayerMaskArrays(examples.getFeaturesMaskArray(0), examples.getLabelsMaskArray(0));
    model.computeGradientAndScore();
    int count = model.batchSize();
    model.clearLayerMaskArrays();
    model.clearLayersStates();
    return count;
  }

  @Override
  public INDArray gradients() {
    if (model.getFlattenedGradients() == null) model.initGradientsView();
    return model.getFlattenedGradients();
  }

  @Override
  public BaseMultiLayerUpdater<?> updater() {
    return (BaseMultiLayerUpdater<?>) model.getUpdater();
  }

  @Override
  public boolean isMean() {
    return model.conf().isMiniBatch();
  }

  @Override
  public double regularization() {
    return model.calcRegularizationScore(true);
  }

  @Override
  public int segmentLength() {
    MultiLayerConfiguration all = model.getLayerWiseConfigurations();
    return all.getBackpropType() == BackpropType.TruncatedBPTT ? all.getTbpttFwdLength() : 0;
  }

  @Override
  public Layer[] layers() {
    return model.getLayers();
  }

  @Override
  public String configuration() {
    return model.getLayerWiseConfigurations().toJson();
  }

  @Override
  public int iteration() {
    return model.getIterationCount();
  }

  @Override
  public int epoch() {
    return model.getEpochCount();
  }

  @Override
  public void setCounts(int iteration, int epoch) {
    model.setIterationCount(iteration);
    model.setEpochCount(epoch);
  }

  @Override
  public void setScore(double score) {
    model.setScore(score);
  }

  @Override
  public Dl4jModel sharing() {
    MultiLayerNetwork other = new MultiLayerNetwork(model.getLayerWiseConfigurations().clone());
    other.init(model.params(), false);
    return new LayersModel(other);
  }
}
