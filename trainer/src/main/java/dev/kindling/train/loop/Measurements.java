package dev.kindling.train.loop;

import dev.kindling.train.collective.Communicator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** When a run measures its loss on held-out rows, and how: one takes a while, tells how far it is, and can be given up. */
final class Measurements {
  private static final long TELLING_NANOS = 10_000_000_000L;       // between two reports of one
  private final RunOptions options;
  private Optional<Evaluation> evaluation = Optional.empty();
  private boolean ofAverages;

  Measurements(RunOptions options) {
    this.options = options;
  }

  void of(Evaluation how) {
    evaluation = Optional.of(how);
  }

  /** Of the averages of the weights, not of the weights. */
  void ofAverages() {
    ofAverages = true;
  }

  /** Whether there is one after this step. */
  boolean due(long step) {
    return evaluation.isPresent()
        && (step == options.steps() || TrainingLoop.due(step, options.evaluateEvery()));
  }

  /** Whether the run gave it up at the step at which it goes on, because it was told to end. */
  boolean lacks(long step, List<LossPoint> history) {
    return step > 0 && due(step)
        && history.stream().noneMatch(p -> p.kind().equals(LossPoint.VALIDATION) && p.step() == step);
  }

  /**
   * All ranks do at the same time.
   *
   * @param ends asked meanwhile, on any rank: whether to give it up
   * @return the mean loss; empty: it was given up
   */
  OptionalDouble at(long step, Communicator communicator, TrainingStep stepper, TrainingListener listener,
      BooleanSupplier ends) {
    long[] told = {System.nanoTime()};
    Supplier<OptionalDouble> measure = () -> evaluation.orElseThrow().meanLoss(communicator, (done, all) -> {
      if (System.nanoTime() - told[0] > TELLING_NANOS) {
        listener.evaluating(step, done, all);
        told[0] = System.nanoTime();
      }
      return !ends.getAsBoolean();
    });
    return ofAverages ? stepper.onAverages(measure) : measure.get();
  }
}
