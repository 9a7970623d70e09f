package dev.kindling.train.optim;

import static dev.kindling.checkpoint.UserError.require;

/**
 * Linear warm-up, then {@code (part of the steps that is left) ^ power} of the way from {@code floor} to the peak (BERT's
 * schedule, Devlin et al. 2019, with power 1).
 *
 * @param warmupSteps the step that first has the full rate; 0: none
 * @param totalSteps where the floor is reached, and kept afterwards
 * @param power 1: a straight line; more: steeper at first
 * @param floor part of the peak, in [0, 1]
 */
public record PolynomialSchedule(long warmupSteps, long totalSteps, double power, double floor) implements Schedule {
  public PolynomialSchedule {
    require(warmupSteps >= 0, "schedule.warmupSteps", warmupSteps, "0 or more");
    require(warmupSteps < totalSteps, "schedule.warmupSteps", warmupSteps,
        "fewer than the run's steps, " + totalSteps);
    require(power > 0, "schedule.power", power, "above 0, such as 2");
    require(floor >= 0 && floor <= 1, "schedule.floor", floor, "a part of the peak rate, from 0 to 1");
  }

  @Override
  public double factor(long step) {
    if (step < warmupSteps) return (double) step / warmupSteps;
    double left = Math.max(0, (double) (totalSteps - step) / (totalSteps - warmupSteps));
    return floor + (1 - floor) * StrictMath.pow(left, power);
  }
}
