package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import java.util.Map;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;

/** The memory that a pre-training run would need, for {@code kindling plan}. */
public final class PretrainMemory {
  private PretrainMemory() {
  }

  /**
   * @param ranks 0: as many as the configuration says, or 1; @param threads of each
   * @param executors Spark's settings of the executors, by key; empty: they are to run on machines like this one
   * @param out is given a table and Spark's options, a line at a time
   * @throws dev.kindling.checkpoint.UserError with need and room, where such executors have too little
   */
  public static void tell(PretrainConfig config, Configuration hadoop, int ranks, int threads,
      Map<String, String> executors, Consumer<String> out) {
    int wanted = ranks > 0 ? ranks : Math.max(1, config.cluster().ranks());
    require(wanted <= config.train().virtualRanks(), "--ranks", wanted,
        "at most train.virtualRanks, " + config.train().virtualRanks());
    PretrainPlan plan = PretrainPlan.of(config, hadoop);
    MemoryPlan memory = MemoryPlan.of(plan, wanted, threads, MemoryPlan.precision(config.train().precision()));
    memory.lines().forEach(out);
    if (executors.isEmpty()) {
      memory.refuseUnlessItFits(1);
      return;
    }
    SparkConf conf = new SparkConf(false);
    executors.forEach(conf::set);
    Container container = Container.of(conf);
    out.accept(container.describe());
    memory.refuseUnlessIn(container);
    out.accept("a rank fits");
  }
}
