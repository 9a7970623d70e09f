package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Tensor;

/**
 * The gradient of a weight while micro-batches add to it. What is in memory before the first of them does not count: it is
 * written over, which spares clearing it and reading the zeros again.
 *
 * @param tensor float32
 * @param begun whether what is there counts
 */
public record GradientSum(Tensor tensor, boolean begun) {
  /** A sum that goes on. */
  public static GradientSum of(Tensor tensor) {
    return new GradientSum(tensor, true);
  }

  /**
   * Where nobody writes, and for those who can only add.
   *
   * @param pool whose threads share the work
   * @return the same, begun: with zeros if it was not
   */
  public GradientSum clear(WorkerPool pool) {
    if (begun) return this;
    pool.zero(tensor.address(), tensor.bytes());
    return of(tensor);
  }
}
