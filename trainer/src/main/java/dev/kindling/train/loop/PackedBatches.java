package dev.kindling.train.loop;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.SampleOrder;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.train.model.MicroBatch;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Batches of a dataset's rows in the order of {@link SampleOrder}: every epoch another permutation of all rows, without a
 * seam between two, so that the steps asked for are done whatever the number of rows is.
 *
 * @param <B> what the objective makes of them
 */
public final class PackedBatches<B extends MicroBatch> implements BatchSource<B> {
  private static final int MOST_NAMED = 4;       // rows
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
    this(dataset, new SampleOrder(dataset.rows(), options.seed(), options.virtualRanks(),
        Math.multiplyExact(options.microBatch(), options.accumulate())), options, epochs, objective);
  }

  /** @param order of the rows, dealt as the options say */
  public PackedBatches(PackedDataset dataset, SampleOrder order, RunOptions options, long epochs,
      RowObjective<B> objective) {
    UserError.require(epochs >= 0, "epochs", epochs, "a number of passes over the data, or 0 for no limit");
    this.dataset = dataset;
    this.order = order;
    this.objective = objective;
    this.microBatch = options.microBatch();
    this.epochs = epochs;
  }

  @Override
  public B batch(long step, int virtualRank, int accumulation) {
    return objective.batch(dataset, rows(step, virtualRank, accumulation), step);
  }

  /** What batches are made of. */
  public PackedDataset dataset() {
    return dataset;
  }

  /** The numbers of the rows that a virtual rank reads in a step. @param step counted from 1 */
  public long[] rows(long step, int virtualRank) {
    return order.rows(step - 1, virtualRank);
  }

  /** The numbers of a micro-batch's rows. @param step counted from 1 */
  public long[] rows(long step, int virtualRank, int accumulation) {
    return Arrays.copyOfRange(rows(step, virtualRank), accumulation * microBatch, (accumulation + 1) * microBatch);
  }

  @Override
  public String describe(long step, int virtualRank, int accumulation) {
    long[] rows = rows(step, virtualRank, accumulation);
    Map<Long, Integer> times = new LinkedHashMap<>();          // the end of an epoch may meet the same row in the next
    for (long row : rows) times.merge(row, 1, Integer::sum);
    Set<String> documents = new HashSet<>();
    String named = times.entrySet().stream().limit(MOST_NAMED)
        .map(each -> dataset.describe(each.getKey(), documents)
            + (each.getValue() > 1 ? ", " + each.getValue() + " times" : ""))
        .collect(Collectors.joining("; "));
    return times.size() > MOST_NAMED ? named + "; and " + (times.size() - MOST_NAMED) + " more rows" : named;
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
