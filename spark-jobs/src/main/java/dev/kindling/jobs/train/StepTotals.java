package dev.kindling.jobs.train;

import dev.kindling.train.loop.StepFacts;
import dev.kindling.train.profile.Part;
import java.io.Serializable;
import org.apache.spark.SparkContext;
import org.apache.spark.util.DoubleAccumulator;
import org.apache.spark.util.LongAccumulator;

/** Spark's accumulators of a run: on the stage's page, a row a task, which is a rank. They count attempts that ended well. */
record StepTotals(LongAccumulator steps, LongAccumulator tokens, DoubleAccumulator compute, DoubleAccumulator data,
    DoubleAccumulator waiting, DoubleAccumulator network, DoubleAccumulator checkpoint) implements Serializable {
  private static final double NANOS = 1e9;

  static StepTotals of(SparkContext spark) {
    return new StepTotals(spark.longAccumulator("kindling.steps"), spark.longAccumulator("kindling.tokens"),
        spark.doubleAccumulator("kindling.computeSeconds"), spark.doubleAccumulator("kindling.dataSeconds"),
        spark.doubleAccumulator("kindling.waitSeconds"), spark.doubleAccumulator("kindling.networkSeconds"),
        spark.doubleAccumulator("kindling.checkpointSeconds"));
  }

  /** Counts that nobody sees. */
  static StepTotals unregistered() {
    return new StepTotals(new LongAccumulator(), new LongAccumulator(), new DoubleAccumulator(),
        new DoubleAccumulator(),
        new DoubleAccumulator(), new DoubleAccumulator(), new DoubleAccumulator());
  }

  /** A step of one rank; steps and tokens are the run's and counted by the first. */
  void add(StepFacts facts, int rank) {
    if (rank == 0) {
      steps.add(1L);
      tokens.add(facts.tokens());
    }
    compute.add(facts.nanos(rank, Part.COMPUTE) / NANOS);
    data.add(facts.nanos(rank, Part.DATA) / NANOS);
    waiting.add(facts.nanos(rank, Part.WAIT) / NANOS);
    network.add(facts.nanos(rank, Part.NETWORK) / NANOS);
    checkpoint.add(facts.nanos(rank, Part.SAVE) / NANOS);
  }
}
