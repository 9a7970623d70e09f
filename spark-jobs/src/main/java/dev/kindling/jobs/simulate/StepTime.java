package dev.kindling.jobs.simulate;

/**
 * Seconds of a step, which follow one another.
 *
 * @param compute of the executor with the most micro-batches
 * @param reduce until the sums are there after that, coding included
 * @param update norm, optimizer, rounding and packing
 * @param gather until the new weights are there
 */
public record StepTime(double compute, double reduce, double update, double gather) {
  public double total() {
    return compute + reduce + update + gather;
  }

  /** Of the step's time, what the executors wait for one another's bytes. */
  public double networkShare() {
    return (reduce + gather) / total();
  }
}
