package dev.kindling.train.kernel;

/**
 * What few logits [rows, labels] are held to. Each loss of a row is the sum over what counts in it; means are taken by whoever
 * knows how many count in the whole batch.
 */
public enum LabelLoss {
  /** Softmax over the labels: -log softmax(z)[target], 0 where the target is {@link Kernels#IGNORED}. */
  ONE_OF,
  /** Each label by itself: -t log σ(z) - (1 - t) log(1 - σ(z)), targets t in [0, 1]; one that is NaN does not count. */
  ANY_OF,
  /** Regression: (z - t)²; a target that is NaN does not count. */
  SQUARED
}
