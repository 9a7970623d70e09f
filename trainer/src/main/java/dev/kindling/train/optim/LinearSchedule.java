package dev.kindling.train.optim;

import static dev.kindling.checkpoint.UserError.require;

/**
 * Linear warm-up, then a straight line from the peak down to {@code floor} at the last step.
 *
 * @param warmupSteps the step that first has the full rate; 0: none
 * @param totalSteps where the floor is reached, and kept afterwards
 * @param floor part of the peak, in [0, 1]
 */
public record LinearSchedule(long warmupSteps, long totalSteps, double floor) implements Schedule {
  public LinearSchedule {
    require(warmupSteps >= 0, "schedule.warmupSteps", warmupSteps, "0 or more");
    require(warmupSteps < totalSteps, "schedule.warmupSteps", warmupSteps,
        "fewer than the run's steps, " + totalSteps);
    require(floor >= 0 && floor <= 1, "schedule.floor", floor, "a part of the peak rate, from 0 to 1");
  }

  @Override
  public double factor(long step) {
    if (step < warmupSteps) return (double) step / warmupSteps;
    double left = Math.max(0, (double) (totalSteps - step) / (totalSteps - warmupSteps));
    return floor + (1 - floor) * left;
  }
}
