package dev.kindling.jobs.train;

import java.io.Serializable;

/** How a rank's part of a run ended, alike on all ranks. */
public interface RunEnding extends Serializable {
  /** The step done last. */
  long step();

  /** Whether that was the run's last one. */
  boolean finished();
}
