package dev.kindling.data.pack;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;
import java.util.List;

/**
 * Which row each sample of a run is. A pure function of (seed, step, virtual rank, index), so that a resumed run, on any number of
 * executors, goes on where it was, and nothing is moved or remembered. Epochs follow each other without a seam: a step may hold the
 * last rows of one and the first of the next.
 *
 * <pre>
 *   n = (step · virtualRanks + virtualRank) · samplesPerRank + index      the sample's number in the run
 * </pre>
 *
 * @param order which row the n-th sample is
 * @param virtualRanks shares that a step's samples fall into, fixed for a run
 * @param samplesPerRank rows of each virtual rank in a step: micro-batch times accumulation
 */
public record SampleOrder(RowOrder order, int virtualRanks, int samplesPerRank) implements Serializable {
  public SampleOrder {
    require(virtualRanks > 0, "virtualRanks", virtualRanks, "at least 1");
    require(samplesPerRank > 0, "samplesPerRank", samplesPerRank, "at least 1");
  }

  /** One dataset. @param rows that it has; @param seed of the run */
  public SampleOrder(long rows, long seed, int virtualRanks, int samplesPerRank) {
    this(new Shuffle(rows, seed), virtualRanks, samplesPerRank);
  }

  public long rows() {
    return order.rows();
  }

  /** @param step 0 first; @param virtualRank 0 to virtualRanks - 1; @param index 0 to samplesPerRank - 1; @return a row number */
  public long row(long step, int virtualRank, int index) {
    return row(number(step, virtualRank, index));
  }

  /** The rows of a virtual rank in a step, [samplesPerRank]. */
  public long[] rows(long step, int virtualRank) {
    long[] result = new long[samplesPerRank];
    long first = number(step, virtualRank, 0);
    for (int i = 0; i < samplesPerRank; i++) result[i] = order.row(first + i);
    return result;
  }

  /** @param number of the sample in the run, 0 first; @return its row */
  public long row(long number) {
    return order.row(number);
  }

  /** A sample's place in a run. @param step 0 first */
  public record Place(long step, int virtualRank, int index) {}

  /** Where a row is read: the other way round of {@link #row(long, int, int)}. @param epoch of the row's dataset, 0 first */
  public Place place(long epoch, long row) {
    long number = order.number(epoch, row);
    int inStep = (int) (number % samplesPerStep());
    return new Place(number / samplesPerStep(), inStep / samplesPerRank, inStep % samplesPerRank);
  }

  /** How many times each dataset has been gone through before a step. */
  public List<Double> epochs(long step) {
    return order.epochs(number(step, 0, 0));
  }

  /** The steps that a limit of epochs leaves: as many as are full. Rows too few for another step stay unseen. */
  public long steps(long epochs) {
    return Math.multiplyExact(rows(), epochs) / samplesPerStep();
  }

  public long samplesPerStep() {
    return (long) virtualRanks * samplesPerRank;
  }

  private long number(long step, int virtualRank, int index) {
    return Math.addExact(Math.multiplyExact(step, samplesPerStep()), (long) virtualRank * samplesPerRank + index);
  }
}
