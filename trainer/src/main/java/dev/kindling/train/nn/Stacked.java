package dev.kindling.train.nn;

import java.util.List;

/**
 * Several matrices that are stored as one: along its rows or its columns, runs of them belong to the first, the second, ..
 * matrix, and after the last again to the first. Queries, keys and values side by side are three runs; head by head, they are
 * three short ones, over and over.
 *
 * @param alongRows whether the runs are of rows; else of columns
 * @param runs length of each matrix's run
 */
public record Stacked(boolean alongRows, List<Long> runs) {
  public Stacked { runs = List.copyOf(runs); }

  /** Runs along the axis that a layer's output is on. */
  static Stacked ofOutputs(Orientation orientation, Long... runs) {
    return new Stacked(orientation == Orientation.OUT_IN, List.of(runs));
  }
}
