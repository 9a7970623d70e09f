package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.optim.ConstantSchedule;
import dev.kindling.train.optim.CosineSchedule;
import dev.kindling.train.optim.LinearSchedule;
import dev.kindling.train.optim.Schedule;
import dev.kindling.train.optim.WarmupStableDecaySchedule;
import java.io.Serializable;

/**
 * The learning rate over the run.
 *
 * @param shape of the way down after the warm-up
 * @param warmupSteps the step that first has the full rate; 0: none
 * @param decaySteps the last steps, in which WARMUP_STABLE_DECAY falls
 * @param floor part of the peak at the end, from 0 to 1
 */
public record ScheduleSettings(Shape shape, long warmupSteps, long decaySteps, double floor) implements Serializable {
  public enum Shape {
    COSINE, LINEAR, WARMUP_STABLE_DECAY, CONSTANT
  }

  public ScheduleSettings {
    require(warmupSteps >= 0, "schedule.warmupSteps", warmupSteps, "0 or more");
    require(decaySteps >= 0, "schedule.decaySteps", decaySteps, "0 or more");
    require(floor >= 0 && floor <= 1, "schedule.floor", floor, "a part of the peak rate, from 0 to 1");
  }

  public static ScheduleSettings defaults() {
    return new ScheduleSettings(Shape.COSINE, 0, 0, 0.1);
  }

  Schedule over(long steps) {
    return switch (shape) {
      case COSINE -> new CosineSchedule(warmupSteps, steps, floor);
      case LINEAR -> new LinearSchedule(warmupSteps, steps, floor);
      case WARMUP_STABLE_DECAY -> new WarmupStableDecaySchedule(warmupSteps, decaySteps, steps, floor);
      case CONSTANT -> new ConstantSchedule(warmupSteps);
    };
  }
}
