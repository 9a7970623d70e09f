package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;

/**
 * When checkpoints are written and which stay.
 *
 * @param every steps between two; 0: only at the end
 * @param keepLast newest ones that stay
 * @param keepEvery of those older, the ones whose step is a multiple of it; 0: none
 */
public record CheckpointSettings(long every, int keepLast, long keepEvery) implements Serializable {
  public CheckpointSettings {
    require(every >= 0, "checkpoints.every", every, "a number of steps, or 0 for the end only");
    require(keepLast >= 1, "checkpoints.keepLast", keepLast, "1 or more");
    require(keepEvery >= 0, "checkpoints.keepEvery", keepEvery, "a number of steps, or 0 for none");
  }

  public static CheckpointSettings defaults() {
    return new CheckpointSettings(0, 2, 0);
  }
}
