package dev.kindling.train.optim;

import static dev.kindling.checkpoint.UserError.require;

/**
 * Linear warm-up, then half a cosine from the peak down to {@code floor} at the last step (Loshchilov and Hutter 2017,
 * arXiv:1608.03983, eq. 5).
 *
 * @param warmupSteps the step that first has the full rate; 0: none
 * @param totalSteps where the floor is reached, and kept afterwards
 * @param floor part of the peak, in [0, 1]
 */
public record CosineSchedule(long warmupSteps, long totalSteps, double floor) implements Schedule {
  public CosineSchedule {
    require(warmupSteps >= 0, "schedule.warmupSteps", warmupSteps, "0 or more");
    require(warmupSteps < totalSteps, "schedule.warmupSteps", warmupSteps,
        "fewer than the run's steps, " + totalSteps);
    require(floor >= 0 && floor <= 1, "schedule.floor", floor, "a part of the peak rate, from 0 to 1");
  }

  @Override
  public double factor(long step) {
    if (step < warmupSteps) return (double) step / warmupSteps;
    double progress = Math.min(1, (double) (step - warmupSteps) / (totalSteps - warmupSteps));
    return floor + (1 - floor) * 0.5 * (1 + StrictMath.cos(Math.PI * progress));
  }
}
