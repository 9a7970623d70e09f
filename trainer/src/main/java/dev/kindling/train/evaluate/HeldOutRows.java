package dev.kindling.train.evaluate;

import dev.kindling.train.model.Batch;

/** Rows that no step trains on. */
public interface HeldOutRows {
  long rows();

  /** @return the rows [from, from + count) as one batch */
  Batch batch(long from, int count);
}
