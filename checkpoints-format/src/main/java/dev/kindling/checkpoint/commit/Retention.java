package dev.kindling.checkpoint.commit;

import static dev.kindling.checkpoint.UserError.require;

/**
 * Which checkpoints stay.
 *
 * @param last how many of the newest; @param everySteps also each whose step is a multiple of this; 0 for none
 */
public record Retention(int last, long everySteps) {
  public Retention {
    require(last >= 1, "checkpoint.keepLast", last, "1 or more");
    require(everySteps >= 0, "checkpoint.keepEvery", everySteps, "a number of steps, or 0 for none");
  }

  public static Retention last(int count) {
    return new Retention(count, 0);
  }
}
