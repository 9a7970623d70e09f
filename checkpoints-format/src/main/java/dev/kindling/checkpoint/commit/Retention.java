package dev.kindling.checkpoint.commit;

import static dev.kindling.checkpoint.UserError.require;

/**
 * Which checkpoints stay.
 *
 * @param last how many of the newest; @param everySteps also each whose step is a multiple of this; 0 for none
 * @param best also so many whose {@link #VALIDATION_LOSS} is the lowest; 0 for none
 */
public record Retention(int last, long everySteps, int best) {
  /** Among a manifest's details: the mean loss of a held-out token, in nats, where it was measured at that step. */
  public static final String VALIDATION_LOSS = "validationLoss";

  public Retention {
    require(last >= 1, "checkpoint.keepLast", last, "1 or more");
    require(everySteps >= 0, "checkpoint.keepEvery", everySteps, "a number of steps, or 0 for none");
    require(best >= 0, "checkpoint.keepBest", best, "a number of checkpoints, or 0 for none");
  }

  public static Retention last(int count) {
    return new Retention(count, 0, 0);
  }
}
