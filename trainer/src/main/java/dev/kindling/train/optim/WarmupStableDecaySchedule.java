package dev.kindling.train.optim;

import static dev.kindling.checkpoint.UserError.require;

/**
 * Warm-up from {@code floor} to the peak, the peak for most of the run, then half a cosine down to {@code floor} (Hu et al.
 * 2024, arXiv:2404.06395, section 4; the shapes are those of Hugging Face's {@code warmup_stable_decay}).
 *
 * @param warmupSteps the step that first has the full rate; 0: none
 * @param decaySteps how many of the last steps the rate falls in
 * @param totalSteps where the floor is reached, and kept afterwards
 * @param floor part of the peak, in [0, 1]
 */
public record WarmupStableDecaySchedule(long warmupSteps, long decaySteps, long totalSteps, double floor)
    implements
      Schedule {
  public WarmupStableDecaySchedule {
    require(warmupSteps >= 0, "schedule.warmupSteps", warmupSteps, "0 or more");
    require(decaySteps >= 0 && warmupSteps + decaySteps <= totalSteps, "schedule.decaySteps", decaySteps,
        "0 or more, and with schedule.warmupSteps no more than the run's steps, " + totalSteps);
    require(floor >= 0 && floor <= 1, "schedule.floor", floor, "a part of the peak rate, from 0 to 1");
  }

  @Override
  public double factor(long step) {
    if (step < warmupSteps) return floor + (1 - floor) * step / warmupSteps;
    long decayed = step - (totalSteps - decaySteps);
    if (decayed < 0 || decaySteps == 0) return 1;
    double progress = Math.min(1, (double) decayed / decaySteps);
    return floor + (1 - floor) * 0.5 * (1 + StrictMath.cos(Math.PI * progress));
  }
}
