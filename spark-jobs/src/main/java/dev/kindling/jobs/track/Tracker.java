package dev.kindling.jobs.track;

import java.io.IOException;

/** Who keeps what the driver hears of a run. What one throws is told once, and it is asked no more until the next attempt. */
interface Tracker {
  /** How a run ended. */
  enum Status {
    FINISHED, FAILED, KILLED
  }

  /** An attempt begins. @param firstStep 1, or the one after the checkpoint that it goes on from */
  default void started(long firstStep, long steps, int ranks) throws IOException {
  }

  default void stepped(StepRow row) throws IOException {
  }

  default void evaluated(long step, double meanLoss) throws IOException {
  }

  default void saved(long step, String where) throws IOException {
  }

  /** The run is over, for this driver. */
  default void ended(Status status) throws IOException {
  }
}
