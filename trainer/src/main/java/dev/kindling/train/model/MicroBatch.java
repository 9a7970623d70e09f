package dev.kindling.train.model;

/** What a model computes on at once, as the training loop counts it. */
public interface MicroBatch {
  /** Labels that count towards the loss; the loop divides the global batch's summed loss by their number. */
  long labels();

  /** Positions that are read, padding included: what throughput is counted in. */
  long tokens();
}
