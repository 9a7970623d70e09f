package dev.kindling.train.evaluate;

import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.loop.PackedBatches;
import dev.kindling.train.model.Batch;
import java.util.stream.LongStream;

/** Rows that no step trains on. */
public interface HeldOutRows {
  long rows();

  /** @return the rows [from, from + count) as one batch */
  Batch batch(long from, int count);

  /** All rows of a dataset's part, in order: every token but the very first is scored exactly once. */
  static HeldOutRows of(PackedDataset dataset) {
    return new HeldOutRows() {
      @Override
      public long rows() {
        return dataset.rows();
      }

      @Override
      public Batch batch(long from, int count) {
        return PackedBatches.batch(dataset, LongStream.range(from, from + count).toArray());
      }
    };
  }
}
