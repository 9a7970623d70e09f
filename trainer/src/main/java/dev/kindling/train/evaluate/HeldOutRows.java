package dev.kindling.train.evaluate;

import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.loop.RowObjective;
import dev.kindling.train.loop.RowObjectives;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.MicroBatch;
import java.util.stream.LongStream;

/** Rows that no step trains on. */
public interface HeldOutRows<B extends MicroBatch> {
  long rows();

  /** @return the rows [from, from + count) as one batch */
  B batch(long from, int count);

  /** All rows of a dataset's part, in order: every token but the very first is scored exactly once. */
  static HeldOutRows<Batch> of(PackedDataset dataset) {
    return of(dataset, RowObjectives::nextTokens);
  }

  /** All rows of a dataset's part, in order, as an objective makes them into batches; the same in every evaluation. */
  static <B extends MicroBatch> HeldOutRows<B> of(PackedDataset dataset, RowObjective<B> objective) {
    return new HeldOutRows<>() {
      @Override
      public long rows() {
        return dataset.rows();
      }

      @Override
      public B batch(long from, int count) {
        return objective.batch(dataset, LongStream.range(from, from + count).toArray(), 0);
      }
    };
  }
}
