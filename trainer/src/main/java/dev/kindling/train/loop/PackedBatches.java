package dev.kindling.train.loop;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.SampleOrder;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.model.MicroBatch;
import java.util.Arrays;

/**
 * Batches of a dataset's rows in the order of {@link SampleOrder}: every epoch another permutation of all rows, without a
 * seam between two, so that the steps asked for are done whatever the number of rows is.
 *
 * @param <B> what the objective makes of them
 */
public final class PackedBatches<B extends MicroBatch> implements BatchSource<B> {
  private final PackedDataset dataset;
  private final RowObjective<B> objective;
  private final SampleOrder order;
  private final int microBatch;
  private final long epochs;

  /**
   * @param epochs how often all rows may be read; 0: as often as the steps need
   * @param objective what rows are made into
   */
  public PackedBatches(PackedDataset dataset, RunOptions options, long epochs, RowObjective<B> objective) {
    UserError.require(epochs >= 0, "epochs", epochs, "a number of passes over the data, or 0 for no limit");
    this.dataset = dataset;
    this.objective = objective;
    this.microBatch = options.microBatch();
    this.epochs = epochs;
    this.order = new SampleOrder(dataset.rows(), options.seed(), options.virtualRanks(),
        Math.multiplyExact(options.microBatch(), options.accumulate()));
  }

  @Override
  public B batch(long step, int virtualRank, int accumulation) {
    long[] rows = order.rows(step - 1, virtualRank);
    return objective.batch(dataset,
        Arrays.copyOfRange(rows, accumulation * microBatch, (accumulation + 1) * microBatch),
        step);
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
