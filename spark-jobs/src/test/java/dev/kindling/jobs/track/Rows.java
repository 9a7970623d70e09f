package dev.kindling.jobs.track;

import java.time.Instant;

/** Rows of a table of steps. */
final class Rows {
  private Rows() {
  }

  /** A loss that falls, and a time by the step. */
  static StepRow of(long step) {
    return new StepRow(step, Instant.ofEpochMilli(1000 + step), 128, 128, 2.5 / step, Double.NaN, 1e-3, 0.5, 4096, 0.1,
        1280, 0.9, 0.1, 0, 0, 0, 0, 0, 0, 1, 0, 1, false);
  }
}
