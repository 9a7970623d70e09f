package dev.kindling.train.optim;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import java.util.List;

/**
 * Everything about an optimizer but the weights that it is for. A record: its text names every setting, is stored with a
 * run and may not differ when the run is resumed.
 */
public interface OptimizerRecipe {
  /** The peak learning rate that a progress line shows. */
  double rate();

  /**
   * Whether one rank must own all of a parameter. Else a shard's border may fall on any block of
   * {@link Kernels#NORM_BLOCK} elements of it.
   */
  boolean needsWhole(Parameter parameter);

  /** What is kept of a range from step to step: two states of its size for AdamW, a row and a column for Adafactor. */
  List<StateSpec> statesOf(OwnedRange range);

  /** What the states of ranges take, in bytes. */
  default long stateBytes(List<OwnedRange> owned) {
    return StateMemory.bytes(this::statesOf, owned);
  }

  /**
   * What its step holds for one range besides, in bytes. @param sizing is given the products of the step, without memory
   */
  default long workOf(OwnedRange range, Kernels sizing) {
    return 0;
  }

  /** The same with its rates and its weight decay multiplied: what a group of parameters gets. */
  OptimizerRecipe scaled(double rateFactor, double decayFactor);

  /** An optimizer at its start for what a rank owns; where it fails, nothing stays allocated. */
  Optimizer create(List<OwnedRange> owned, Kernels kernels);
}
