package dev.kindling.jobs.dl4j;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.layers.RecurrentLayer;
import org.deeplearning4j.nn.updater.BaseMultiLayerUpdater;
import org.deeplearning4j.nn.updater.UpdaterBlock;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * One network that computes gradients, on one thread. DL4J's gradients are sums over the examples; its updater divides
 * them. Batch normalization's running means and variances are kept as gradients too, and those are means: here they are
 * weighted with their examples, so that everything can be added, and divided by all examples once.
 */
final class Replica {
  /**
   * What a virtual rank's examples came to.
   *
   * @param score their sum, without l1 and l2; @param segments that their time series have, each for an update; else 1
   */
  record Counted(double score, long examples, int segments) {}

  /** A virtual rank's examples of a step, and where its recurrent layers stand after the segments that were computed. */
  static final class Series {
    private final MultiDataSet examples;
    private int count;
    private List<Map<String, INDArray>> states = List.of();

    Series(MultiDataSet examples) {
      this.examples = examples;
    }
  }

  private final Dl4jModel network;
  private final INDArray gradients;
  private final Tensor flat;
  private final List<INDArray> statistics = new ArrayList<>();

  /** @param updater of the network whose parameters it shares: knows which gradients are none */
  Replica(Dl4jModel network, BaseMultiLayerUpdater<?> updater) {
    this.network = network;
    this.gradients = network.gradients();
    this.flat = Tensor.at(gradients.data().addressPointer().address(), DType.FLOAT32, gradients.length());
    INDArray vector = gradients.reshape(gradients.length());
    for (UpdaterBlock block : updater.getUpdaterBlocks()) {
      for (UpdaterBlock.ParamState p : block.getLayersAndVariablesInBlock()) {
        if (p.getLayer().updaterDivideByMinibatch(p.getParamName())) continue;
        statistics.add(vector.get(NDArrayIndex.interval(p.getParamOffsetStart(), p.getParamOffsetEnd())));
      }
    }
  }

  Dl4jModel network() {
    return network;
  }

  /** The gradients as a flat vector; a view. */
  Tensor gradients() {
    return flat;
  }

  /**
   * Computes the gradients of some examples, or of a segment of them: none behind the last.
   *
   * @param seed of what DL4J draws meanwhile, such as dropout
   */
  Counted compute(Series series, int segment, long seed) {
    Nd4j.getRandom().setSeed(seed);
    if (network.segmentLength() == 0) return computed(series, series.examples, 1);
    Segments segments = new Segments(series.examples, network.segmentLength());
    if (segment >= segments.count()) {
      gradients.assign(0);
      return new Counted(0, series.count, segments.count());
    }
    List<RecurrentLayer> recurrent = recurrent();
    recurrent.forEach(RecurrentLayer::rnnClearPreviousState);
    for (int i = 0; i < series.states.size(); i++) {
      recurrent.get(i).rnnSetTBPTTState(series.states.get(i));         // where the way forward begins
      recurrent.get(i).rnnSetPreviousState(series.states.get(i));      // and the way back, for some layers
    }
    Counted counted = computed(series, segments.get(segment), segments.count());
    series.states = recurrent.stream().map(RecurrentLayer::rnnGetTBPTTState).toList();
    return counted;
  }

  private List<RecurrentLayer> recurrent() {
    List<RecurrentLayer> found = new ArrayList<>();
    for (Layer layer : network.layers()) if (layer instanceof RecurrentLayer recurrent) found.add(recurrent);
    return found;
  }

  private Counted computed(Series series, MultiDataSet examples, int segments) {
    int count = network.backward(examples);
    UserError.require(count > 0, "examples", count, "1 or more for each virtual rank in each step");
    series.count = count;
    statistics.forEach(mean -> mean.muli(count));
    double data = network.model().score() - network.regularization();
    return new Counted(network.isMean() ? data * count : data, count, segments);
  }

  /** Makes means of the statistics, whose sums over all ranks are in {@link #gradients}. */
  void divideStatistics(long examples) {
    statistics.forEach(sum -> sum.divi(examples));
  }
}
