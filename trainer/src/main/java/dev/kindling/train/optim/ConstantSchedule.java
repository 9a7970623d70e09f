package dev.kindling.train.optim;

import static dev.kindling.checkpoint.UserError.require;

/**
 * Linear warm-up, then the peak for ever: the only schedule under which a finished run may be given more steps.
 *
 * @param warmupSteps the step that first has the full rate; 0: none
 */
public record ConstantSchedule(long warmupSteps) implements Schedule {
  public ConstantSchedule { require(warmupSteps >= 0, "schedule.warmupSteps", warmupSteps, "0 or more"); }

  @Override
  public double factor(long step) {
    return step < warmupSteps ? (double) step / warmupSteps : 1;
  }
}
