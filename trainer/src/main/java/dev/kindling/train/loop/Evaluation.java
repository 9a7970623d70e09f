package dev.kindling.train.loop;

import dev.kindling.train.collective.Communicator;
import java.util.OptionalDouble;

/** What the loop measures its model with now and then. */
@FunctionalInterface
public interface Evaluation {
  /**
   * Called by all ranks at the same step.
   *
   * @param watch is asked after each part of the work
   * @return the same on all ranks: the mean loss of a held-out token, in nats; nothing where a rank's watch said no
   */
  OptionalDouble meanLoss(Communicator communicator, Watch watch);

  /** Sees how it goes, and may end it. */
  @FunctionalInterface
  interface Watch {
    /** @param done rows, of {@code all} that this rank has to measure. @return whether the rank is to go on */
    boolean goesOn(long done, long all);
  }
}
