package dev.kindling.jobs.simulate;

import java.util.List;

/**
 * What a step's work costs, as it was measured: seconds of one core that is busy beside busy ones.
 *
 * @param elements of the flat vector of weights
 * @param rounded elements of it that come back as bf16
 * @param first seconds of the way forward and back of a micro-batch that begins a sum of gradients
 * @param microBatch seconds of one that adds to it
 * @param completion how far gradients are complete while it goes on, in order; the last says 0 at 1
 * @param add seconds an element to add two vectors; @param convert to round or widen; @param copy as it is
 * @param update seconds an element of the norm and the optimizer; @param pack seconds an element to make weights ready for products
 * @param sent seconds a byte that is sent, and another received, both ends' sums included, in pieces of {@link StepModel#PIECE}
 * @param message seconds a message that is sent, and another received, whatever its size
 * @param call seconds that a call takes that moves vectors, besides all that
 */
public record StepCosts(long elements, long rounded, double first, double microBatch, List<Complete> completion,
    double add, double convert, double copy, double update, double pack, double sent, double message, double call) {
  /** @param share of the micro-batch's time; @param from the first element from which on all are complete then */
  public record Complete(double share, long from) {}

  public StepCosts {
    completion = List.copyOf(completion);
    if (completion.isEmpty() || completion.get(completion.size() - 1).from() > 0) {
      throw new IllegalArgumentException("gradients never become complete: " + completion);
    }
  }

  /** Seconds of the last of so many micro-batches. */
  double last(int accumulate) {
    return accumulate > 1 ? microBatch : first;
  }

  /** @return at which share of a micro-batch's time the elements from {@code from} on are complete */
  double completeAt(long from) {
    for (Complete c : completion) if (c.from <= from) return c.share;
    return 1;
  }
}
