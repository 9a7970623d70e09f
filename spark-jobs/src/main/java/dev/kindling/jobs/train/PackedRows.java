package dev.kindling.jobs.train;

import dev.kindling.data.pack.SampleOrder;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.evaluate.HeldOutRows;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.loop.BatchSource;
import dev.kindling.train.model.Batch;
import dev.kindling.train.objective.NextToken;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The packed rows of one part of a dataset as batches. */
public record PackedRows(PackedDataset dataset) implements HeldOutRows {
  @Override
  public long rows() {
    return dataset.rows();
  }

  @Override
  public Batch batch(long from, int count) {
    long[] rows = new long[count];
    for (int i = 0; i < count; i++) rows[i] = from + i;
    return batch(rows);
  }

  /** @param rows numbers within the dataset */
  Batch batch(long[] rows) {
    List<int[]> tokens = new ArrayList<>();
    for (long row : rows) tokens.add(dataset.tokens(row));
    Batch batch = NextToken.batch(tokens, rows);
    for (int i = 0; i < rows.length; i++) {      // what fills the last row up is no label
      int end = (i + 1) * batch.time();
      Arrays.fill(batch.targets(), i * batch.time() + dataset.targets(rows[i]), end, Kernels.IGNORED);
    }
    return batch;
  }

  /** The run's order of them. @param epochs how often they may be read; 0: without end */
  BatchSource ordered(SampleOrder order, int microBatch, long epochs) {
    return new BatchSource() {
      @Override
      public Batch batch(long step, int virtualRank, int accumulation) {
        long[] rows = new long[microBatch];
        for (int i = 0; i < microBatch; i++) rows[i] = order.row(step - 1, virtualRank, accumulation * microBatch + i);
        return PackedRows.this.batch(rows);
      }

      @Override
      public long lastStep() {
        return epochs == 0 ? Long.MAX_VALUE : order.steps(epochs);
      }
    };
  }
}
