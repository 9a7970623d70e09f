package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.optim.ConstantSchedule;
import dev.kindling.train.optim.CosineSchedule;
import dev.kindling.train.optim.InverseSquareRootSchedule;
import dev.kindling.train.optim.LinearSchedule;
import dev.kindling.train.optim.PolynomialSchedule;
import dev.kindling.train.optim.Schedule;
import dev.kindling.train.optim.WarmupStableDecaySchedule;
import java.io.Serializable;

/**
 * The learning rate over the run.
 *
 * @param shape of the way down after the warm-up
 * @param warmupSteps the step that first has the full rate; 0: none
 * @param decaySteps the last steps, in which WARMUP_STABLE_DECAY falls
 * @param floor part of the peak at the end, from 0 to 1; CONSTANT and INVERSE_SQUARE_ROOT have none
 * @param power of POLYNOMIAL: 1 is LINEAR, more is steeper at first
 * @param timescale of INVERSE_SQUARE_ROOT, in steps; 0: as many as the warm-up has, or 10,000 without one
 */
public record ScheduleSettings(Shape shape, long warmupSteps, long decaySteps, double floor, double power,
    long timescale) implements Serializable {
  public enum Shape {
    COSINE, LINEAR, POLYNOMIAL, INVERSE_SQUARE_ROOT, WARMUP_STABLE_DECAY, CONSTANT
  }

  public ScheduleSettings {
    require(warmupSteps >= 0, "schedule.warmupSteps", warmupSteps, "0 or more");
    require(decaySteps >= 0, "schedule.decaySteps", decaySteps, "0 or more");
    require(floor >= 0 && floor <= 1, "schedule.floor", floor, "a part of the peak rate, from 0 to 1");
    require(power > 0, "schedule.power", power, "above 0, such as 2");
    require(timescale >= 0, "schedule.timescale", timescale, "a number of steps, or 0 for schedule.warmupSteps");
  }

  public static ScheduleSettings defaults() {
    return of(Shape.COSINE, 0, 0.1);
  }

  /** A shape without settings of its own. */
  public static ScheduleSettings of(Shape shape, long warmupSteps, double floor) {
    return new ScheduleSettings(shape, warmupSteps, 0, floor, 1, 0);
  }

  public ScheduleSettings withWarmupSteps(long value) {
    return new ScheduleSettings(shape, value, decaySteps, floor, power, timescale);
  }

  Schedule over(long steps) {
    return switch (shape) {
      case COSINE -> new CosineSchedule(warmupSteps, steps, floor);
      case LINEAR -> new LinearSchedule(warmupSteps, steps, floor);
      case POLYNOMIAL -> new PolynomialSchedule(warmupSteps, steps, power, floor);
      case INVERSE_SQUARE_ROOT -> new InverseSquareRootSchedule(warmupSteps, timescale);
      case WARMUP_STABLE_DECAY -> new WarmupStableDecaySchedule(warmupSteps, decaySteps, steps, floor);
      case CONSTANT -> new ConstantSchedule(warmupSteps);
    };
  }
}
