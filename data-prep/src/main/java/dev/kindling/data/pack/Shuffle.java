package dev.kindling.data.pack;

import static dev.kindling.checkpoint.UserError.require;

import java.util.List;

/**
 * The rows of one dataset, every epoch another permutation of them, without a seam between two.
 *
 * <pre>
 *   row = permutation(seed, n / rows) at (n mod rows)          n: the sample's number
 * </pre>
 *
 * @param rows of the dataset
 * @param seed of the run
 */
public record Shuffle(long rows, long seed) implements RowOrder {
  public Shuffle { require(rows > 0, "rows", rows, "at least 1: the dataset is empty"); }

  @Override
  public long row(long number) {
    return permutation(number / rows).at(number % rows);
  }

  @Override
  public long number(long epoch, long row) {
    return Math.addExact(begin(epoch, row), permutation(epoch).indexOf(row));
  }

  @Override
  public long begin(long epoch, long row) {
    return Math.multiplyExact(epoch, rows);
  }

  @Override
  public List<Double> epochs(long samples) {
    return List.of((double) samples / rows);
  }

  private Permutation permutation(long epoch) {
    return new Permutation(rows, Permutation.mix(Permutation.mix(seed) + epoch));
  }
}
