package dev.kindling.jobs.simulate;

/**
 * Seconds of a step, which follow one another.
 *
 * @param compute of the executor with the most micro-batches
 * @param coding an executor's own sums, where what it sends is made of them, and the cores' work on what is coded
 * @param reduce until the sums of all are there after that
 * @param update norm, optimizer, rounding and packing
 * @param gather until the new weights are there
 */
public record StepTime(double compute, double coding, double reduce, double update, double gather) {
  public double total() {
    return compute + coding + reduce + update + gather;
  }

  /** Of the step's time, what goes to moving bytes between executors, their cores' work on that included. */
  public double networkShare() {
    return (reduce + gather) / total();
  }
}
