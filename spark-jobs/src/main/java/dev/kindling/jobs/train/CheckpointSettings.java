package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;

/**
 * When checkpoints are written and which stay.
 *
 * @param every steps between two; 0: only at the end
 * @param keepLast newest ones that stay
 * @param keepEvery of those older, the ones whose step is a multiple of it; 0: none
 * @param keepBest of those older, so many with the lowest held-out loss, where it was measured at their step; 0: none
 * @param background whether steps go on while one is written; it takes memory for a copy of weights and states
 */
public record CheckpointSettings(long every, int keepLast, long keepEvery, int keepBest, boolean background)
    implements
      Serializable {
  public CheckpointSettings {
    require(every >= 0, "checkpoints.every", every, "a number of steps, or 0 for the end only");
    require(keepLast >= 1, "checkpoints.keepLast", keepLast, "1 or more");
    require(keepEvery >= 0, "checkpoints.keepEvery", keepEvery, "a number of steps, or 0 for none");
    require(keepBest >= 0, "checkpoints.keepBest", keepBest, "a number of checkpoints, or 0 for none");
  }

  /** Written in the background. */
  public static CheckpointSettings of(long every, int keepLast, long keepEvery) {
    return new CheckpointSettings(every, keepLast, keepEvery, 0, true);
  }

  public static CheckpointSettings defaults() {
    return of(0, 2, 0);
  }

  /** Whether a copy is ever made: the last checkpoint of a run is waited for. */
  boolean copies() {
    return background && every > 0;
  }
}
