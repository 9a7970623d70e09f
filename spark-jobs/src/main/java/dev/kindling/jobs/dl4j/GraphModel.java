package dev.kindling.jobs.dl4j;

import dev.kindling.checkpoint.UserError;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.BackpropType;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/** A graph of layers, with any number of inputs and outputs. */
record GraphModel(ComputationGraph model) implements Dl4jModel {
  @Override
  public int backward(MultiDataSet examples) {
    if (examples.numFeatureArrays() != model.getNumInputArrays()
        || examples.numLabelsArrays() != model.getNumOutputArrays()) {
      throw new UserError("examples have " + examples.numFeatureArrays() + " inputs and " + examples.numLabelsArrays()
          + " outputs; the ComputationGraph takes " + model.getNumInputArrays() + " and "
          + model.getNumOutputArrays());
    }
    model.setInputs(examples.getFeatures());
    model.setLabels(examples.getLabels());
    model.setLayerMaskArrays(examples.getFeaturesMaskArrays(), examples.getLabelsMaskArrays());
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
    return model.getUpdater();
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
    ComputationGraphConfiguration all = model.getConfiguration();
    return all.getBackpropType() == BackpropType.TruncatedBPTT ? all.getTbpttFwdLength() : 0;
  }

  @Override
  public Layer[] layers() {
    return model.getLayers();
  }

  @Override
  public String configuration() {
    return model.getConfiguration().toJson();
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
    model.getConfiguration().setIterationCount(iteration);
    model.getConfiguration().setEpochCount(epoch);
  }

  @Override
  public void setScore(double score) {
    model.setScore(score);
  }

  @Override
  public Dl4jModel sharing() {
    ComputationGraph other = new ComputationGraph(model.getConfiguration().clone());
    other.init(model.params(), false);
    return new GraphModel(other);
  }
}
