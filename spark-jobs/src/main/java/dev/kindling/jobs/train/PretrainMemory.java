package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import java.util.List;
import org.apache.hadoop.conf.Configuration;

/** The memory that a pre-training run would need, for {@code kindling plan}. */
public final class PretrainMemory {
  private PretrainMemory() {
  }

  /** @param ranks 0: as many as the configuration says, or 1; @param threads of each; @return a table and Spark's options */
  public static List<String> lines(PretrainConfig config, Configuration hadoop, int ranks, int threads) {
    int wanted = ranks > 0 ? ranks : Math.max(1, config.cluster().ranks());
    require(wanted <= config.train().virtualRanks(), "--ranks", wanted,
        "at most train.virtualRanks, " + config.train().virtualRanks());
    PretrainPlan plan = PretrainPlan.of(config, hadoop);
    return MemoryPlan.of(plan, wanted, threads, MemoryPlan.precision(config.train().precision())).lines();
  }
}
