package dev.kindling.train.nn;

/** What a weight is before training: a normal distribution around zero, or one value. */
public sealed interface Initial {
  Initial ZERO = new Constant(0);
  Initial ONE = new Constant(1);

  /** Independent normal values. @param deviation their standard deviation */
  record Normal(double deviation) implements Initial {}

  /** The same everywhere. */
  record Constant(float value) implements Initial {}
}
