package dev.kindling.jobs.dl4j;

import dev.kindling.checkpoint.UserError;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Time series in pieces of one length, for truncated backpropagation through time (Williams and Peng 1990): each is a step of
 * the updater's own, with what the recurrent layers remember of the ones before it. The last may be shorter.
 *
 * @param examples whose inputs and outputs of three axes, [examples, size, time], are all as long; what has none is in every piece
 * @param length of a piece
 */
record Segments(org.nd4j.linalg.dataset.api.MultiDataSet examples, int length) {
  private static final int TIME = 2;

  /** How many there are. @throws UserError where time series differ in length */
  int count() {
    long time = time();
    for (INDArray[] arrays : new INDArray[][]{examples.getFeatures(), examples.getLabels()}) {
      for (INDArray array : arrays) {
        UserError.require(array.rank() != 3 || array.size(TIME) == time, "a time series' length",
            array.rank() == 3 ? array.size(TIME) : 0, time + ", that of the first of its examples");
      }
    }
    return Math.toIntExact((time + length - 1) / length);
  }

  private long time() {
    for (INDArray array : examples.getFeatures()) if (array.rank() == 3) return array.size(TIME);
    throw new UserError("backpropType is TruncatedBPTT; no input has three axes, [examples, size, time]: use Standard");
  }

  /** @param which counted from 0 */
  MultiDataSet get(int which) {
    long from = (long) which * length;
    long to = Math.min(time(), from + length);
    return new MultiDataSet(cut(examples.getFeatures(), 3, from, to), cut(examples.getLabels(), 3, from, to),
        cut(examples.getFeaturesMaskArrays(), 2, from, to), cut(examples.getLabelsMaskArrays(), 2, from, to));
  }

  /** Time is the last axis of those with so many axes. */
  private INDArray[] cut(INDArray[] arrays, int axes, long from, long to) {
    if (arrays == null) return null;
    INDArray[] pieces = arrays.clone();
    for (int i = 0; i < pieces.length; i++) {
      if (pieces[i] == null || pieces[i].rank() != axes || pieces[i].size(axes - 1) != time()) continue;
      pieces[i] = axes == 3
          ? pieces[i].get(NDArrayIndex.all(), NDArrayIndex.all(), NDArrayIndex.interval(from, to))
          : pieces[i].get(NDArrayIndex.all(), NDArrayIndex.interval(from, to));
    }
    return pieces;
  }
}
