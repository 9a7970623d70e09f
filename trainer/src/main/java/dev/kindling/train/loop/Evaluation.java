package dev.kindling.train.loop;

import dev.kindling.train.collective.Communicator;

/** What the loop measures its model with now and then. */
@FunctionalInterface
public interface Evaluation {
  /** Called by all ranks at the same step. @return the same on all ranks: the mean loss of a held-out token, in nats */
  double meanLoss(Communicator communicator);
}
