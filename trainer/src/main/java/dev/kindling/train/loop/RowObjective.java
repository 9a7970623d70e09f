package dev.kindling.train.loop;

import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.model.MicroBatch;

/** What rows of a packed dataset are made into for a model to learn from. */
@FunctionalInterface
public interface RowObjective<B extends MicroBatch> {
  /**
   * @param rows their numbers
   * @param step in which they are read, counted from 1; 0 for held-out rows
   */
  B batch(PackedDataset dataset, long[] rows, long step);
}
