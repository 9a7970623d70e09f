package dev.kindling.jobs.dl4j;

import java.io.IOException;
import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.nd4j.linalg.dataset.api.MultiDataSet;

/**
 * Gives every virtual rank its examples: a pure function of the step and the virtual rank, so that any executor can make
 * any part of a step and a resumed run reads on where it stopped. It is sent to the executors and asked there, from several threads
 * at once.
 */
public interface ExampleSource extends Serializable {
  /** Called once on every rank before anything is asked. @param hadoop the settings of its file systems, as Spark has them */
  default void open(Configuration hadoop) throws IOException {
  }

  /**
   * @param step counted from 1; @param virtualRank in [0, virtualRanks)
   * @return at least one example; features, labels and masks as the network takes them
   */
  MultiDataSet examples(long step, int virtualRank) throws IOException;

  /** How often all examples have been gone through after so many steps: what DL4J counts as epochs. */
  default long passes(long steps) {
    return 0;
  }
}
