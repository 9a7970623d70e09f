package dev.kindling.data.pack;

import java.io.Serializable;
import java.util.List;

/** Which row each sample of a run is, by the sample's number in the run: a pure function, for as many samples as are asked for. */
public sealed interface RowOrder extends Serializable permits Shuffle, Mixture {
  /** Of all datasets. */
  long rows();

  /** @param number of the sample in the run, 0 first; @return its row */
  long row(long number);

  /** The number of the sample that reads a row: the other way round of {@link #row}. @param epoch of the row's dataset, 0 first */
  long number(long epoch, long row);

  /** The number of the first sample of an epoch of the dataset that a row is of. */
  long begin(long epoch, long row);

  /** How many times each dataset has been gone through by so many samples. */
  List<Double> epochs(long samples);
}
