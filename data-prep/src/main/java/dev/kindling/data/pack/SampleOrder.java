package dev.kindling.data.pack;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;

/**
 * Which row of a dataset each sample of a run is: every epoch is another permutation of all rows. A pure function of (seed,
 * step, virtual rank, index), so that a resumed run, on any number of executors, goes on where it was, and nothing is moved or
 * remembered. Epochs follow each other without a seam: a step may hold the last rows of one and the first of the next.
 *
 * <pre>
 *   n = (step · virtualRanks + virtualRank) · samplesPerRank + index      the sample's number in the run
 *   row = permutation(seed, n / rows) at (n mod rows)
 * </pre>
 *
 * @param rows of the dataset
 * @param seed of the run
 * @param virtualRanks shares that a step's samples fall into, fixed for a run
 * @param samplesPerRank rows of each virtual rank in a step: micro-batch times accumulation
 */
public record SampleOrder(long rows, long seed, int virtualRanks, int samplesPerRank) implements Serializable {
  public SampleOrder {
    require(rows > 0, "rows", rows, "at least 1: the dataset is empty");
    require(virtualRanks > 0, "virtualRanks", virtualRanks, "at least 1");
    require(samplesPerRank > 0, "samplesPerRank", samplesPerRank, "at least 1");
  }

  /** @param step 0 first; @param virtualRank 0 to virtualRanks - 1; @param index 0 to samplesPerRank - 1; @return a row number */
  public long row(long step, int virtualRank, int index) {
    return row(number(step, virtualRank, index));
  }

  /** The rows of a virtual rank in a step, [samplesPerRank]. */
  public long[] rows(long step, int virtualRank) {
    long[] result = new long[samplesPerRank];
    long first = number(step, virtualRank, 0);
    long epoch = first / rows;
    Permutation permutation = permutation(epoch);
    for (int i = 0; i < samplesPerRank; i++) {
      if ((first + i) / rows != epoch) {
        epoch = (first + i) / rows;
        permutation = permutation(epoch);
      }
      result[i] = permutation.at((first + i) % rows);
    }
    return result;
  }

  /** @param number of the sample in the run, 0 first; @return its row */
  public long row(long number) {
    return permutation(number / rows).at(number % rows);
  }

  /** A sample's place in a run. @param step 0 first */
  public record Place(long step, int virtualRank, int index) {}

  /** Where a row is read in an epoch: the other way round of {@link #row(long, int, int)}. @param epoch 0 first */
  public Place place(long epoch, long row) {
    long number = Math.addExact(Math.multiplyExact(epoch, rows), permutation(epoch).indexOf(row));
    int inStep = (int) (number % samplesPerStep());
    return new Place(number / samplesPerStep(), inStep / samplesPerRank, inStep % samplesPerRank);
  }

  /** How many times all rows have been gone through before a step. */
  public double epoch(long step) {
    return (double) number(step, 0, 0) / rows;
  }

  /** The steps that a limit of epochs leaves: as many as are full. Rows too few for another step stay unseen. */
  public long steps(long epochs) {
    return Math.multiplyExact(rows, epochs) / samplesPerStep();
  }

  public long samplesPerStep() {
    return (long) virtualRanks * samplesPerRank;
  }

  private long number(long step, int virtualRank, int index) {
    return Math.addExact(Math.multiplyExact(step, samplesPerStep()), (long) virtualRank * samplesPerRank + index);
  }

  private Permutation permutation(long epoch) {
    return new Permutation(rows, Permutation.mix(Permutation.mix(seed) + epoch));
  }
}
