package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.optim.AveragedWeights;
import dev.kindling.train.optim.OptimizerRecipe;
import java.io.Serializable;

/**
 * An exponential moving average of the weights beside them, kept in the checkpoints; {@code --average} of export, evaluate and
 * generate takes it instead of the weights.
 *
 * @param decay such as 0.999: the average of about the last 1,000 steps; 0: none is kept
 * @param evaluate whether the run's evaluations measure it, and not the weights
 */
public record AverageSettings(double decay, boolean evaluate) implements Serializable {
  public AverageSettings {
    require(decay >= 0 && decay < 1, "average.decay", decay, "between 0 and 1, such as 0.999, or 0 for no average");
    require(!evaluate || decay > 0, "average.evaluate", evaluate, "false where average.decay is 0");
  }

  public static AverageSettings defaults() {
    return new AverageSettings(0, false);
  }

  OptimizerRecipe around(OptimizerRecipe optimizer) {
    return decay == 0 ? optimizer : new AveragedWeights.Recipe(optimizer, decay);
  }
}
