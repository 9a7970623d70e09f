package dev.kindling.train.optim;

import static dev.kindling.checkpoint.UserError.require;

/**
 * Linear warm-up, then down with the root of the steps, without an end (Vaswani et al. 2017, section 5.3; Raffel et al. 2020 for
 * T5): the rate is half the peak after 3 more times {@code timescale}.
 *
 * @param warmupSteps the step that first has the full rate; 0: none
 * @param timescale steps; 0: as many as the warm-up has, or 10,000 without one
 */
public record InverseSquareRootSchedule(long warmupSteps, long timescale) implements Schedule {
  private static final long USUAL = 10_000;

  public InverseSquareRootSchedule {
    require(warmupSteps >= 0, "schedule.warmupSteps", warmupSteps, "0 or more");
    require(timescale >= 0, "schedule.timescale", timescale, "a number of steps, or 0 for schedule.warmupSteps");
    if (timescale == 0) timescale = warmupSteps == 0 ? USUAL : warmupSteps;
  }

  @Override
  public double factor(long step) {
    if (step < warmupSteps) return (double) step / warmupSteps;
    return 1 / Math.sqrt((double) (step - warmupSteps + timescale) / timescale);
  }
}
