package dev.kindling.train.optim;

/** The learning rate over a run. */
@FunctionalInterface
public interface Schedule {
  /** @param step of the optimizer, counted from 1; @return what the peak rate is multiplied with, in [0, 1] */
  double factor(long step);
}
