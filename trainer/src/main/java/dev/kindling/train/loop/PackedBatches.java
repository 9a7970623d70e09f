package dev.kindling.train.loop;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.SampleOrder;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Batch;
import dev.kindling.train.objective.NextToken;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Batches of a dataset's rows in the order of {@link SampleOrder}: every epoch another permutation of all rows, without a
 * seam between two, so that the steps asked for are done whatever the number of rows is.
 */
public final class PackedBatches implements BatchSource<Batch> {
  private final PackedDataset dataset;
  private final SampleOrder order;
  private final int microBatch;
  private final long epochs;

  /** @param epochs how often all rows may be read; 0: as often as the steps need */
  public PackedBatches(PackedDataset dataset, RunOptions options, long epochs) {
    UserError.require(epochs >= 0, "epochs", epochs, "a number of passes over the data, or 0 for no limit");
    this.dataset = dataset;
    this.microBatch = options.microBatch();
    this.epochs = epochs;
    this.order = new SampleOrder(dataset.rows(), options.seed(), options.virtualRanks(),
        Math.multiplyExact(options.microBatch(), options.accumulate()));
  }

  @Override
  public Batch batch(long step, int virtualRank, int accumulation) {
    long[] rows = order.rows(step - 1, virtualRank);
    return batch(dataset, Arrays.copyOfRange(rows, accumulation * microBatch, (accumulation + 1) * microBatch));
  }

  /** Rows of a dataset as one batch; what only fills the last row up does not count. */
  public static Batch batch(PackedDataset dataset, long[] rows) {
    List<int[]> tokens = new ArrayList<>();
    for (long row : rows) tokens.add(dataset.tokens(row));
    Batch batch = NextToken.batch(tokens, rows);
    for (int i = 0; i < rows.length; i++) {
      int from = i * batch.time();
      Arrays.fill(batch.targets(), from + dataset.targets(rows[i]), from + batch.time(), Kernels.IGNORED);
    }
    return batch;
  }

  @Override
  public long lastStep() {
    return epochs == 0 ? Long.MAX_VALUE : order.steps(epochs);
  }

  @Override
  public String whyItEnds() {
    return "epochs is " + epochs + ", the dataset has " + dataset.rows() + " rows and a step reads "
        + order.samplesPerStep() + " of them; raise epochs or lower steps";
  }
}
