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

  /** How many floats an element of a parameter's states takes: 2 for AdamW. */
  int statesOf(Parameter parameter);

  /** An optimizer at its start for what a rank owns. */
  Optimizer create(List<OwnedRange> owned, Kernels kernels);
}
