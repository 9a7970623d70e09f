package dev.kindling.jobs.dl4j;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.jobs.train.CheckpointSettings;
import dev.kindling.jobs.train.ClusterSettings;
import java.io.Serializable;

/**
 * How a network is trained; {@link Dl4jTraining} has the words for a user.
 *
 * @param run folder of the run; @param steps of the whole run; @param stopAfter the step after which this run ends early; 0: never
 */
record Dl4jSettings(String run, long steps, int virtualRanks, long seed, long stopAfter, long logEvery,
    CheckpointSettings checkpoints, ClusterSettings cluster) implements Serializable {
  Dl4jSettings {
    require(steps >= 1, "steps", steps, "1 or more");
    require(virtualRanks >= 1, "virtualRanks", virtualRanks, "1 or more");
    require(stopAfter >= 0, "stopAfter", stopAfter, "a step, or 0 for no early end");
    require(logEvery >= 1, "logEvery", logEvery, "1 or more steps");
  }
}
