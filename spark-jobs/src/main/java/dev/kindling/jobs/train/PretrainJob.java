package dev.kindling.jobs.train;

import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.jobs.transport.RankLostException;
import dev.kindling.train.loop.LossPoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Pre-trains a model on a Spark cluster, as one barrier stage of one rank an executor. The weights depend on the
 * configuration alone, not on the number of executors, nor on whether some were lost on the way: then the run is submitted
 * again, on those that are left, from its newest checkpoint.
 */
public final class PretrainJob {
  private static final double NANOS = 1e9;
  private final SparkContext spark;
  private final Configuration hadoop;
  private final PretrainPlan plan;
  private final Consumer<String> progress;

  private PretrainJob(SparkSession session, PretrainConfig config, Consumer<String> progress) {
    this.spark = session.sparkContext();
    this.hadoop = spark.hadoopConfiguration();
    this.plan = PretrainPlan.of(config.absolute(hadoop), hadoop);
    this.progress = progress;
  }

  /**
   * Runs until the last step, or goes on with the run that is in the folder; progress goes to standard output.
   *
   * @throws UserError where configuration, data, run folder or cluster do not fit, another attempt has taken the run over,
   *   or executors were lost more often than {@code cluster.retries} allow
   */
  public static PretrainResult run(SparkSession session, PretrainConfig config) {
    return run(session, config, System.out::println);
  }

  /** @param progress is given one line at a time */
  public static PretrainResult run(SparkSession session, PretrainConfig config, Consumer<String> progress) {
    return new PretrainJob(session, config, progress).run();
  }

  private PretrainResult run() {
    long start = System.nanoTime();
    PretrainConfig config = plan.config();
    try {
      CheckpointStore store = new CheckpointStore(hadoop, new Path(config.run()));
      plan.refuseMistakes(hadoop);
      for (int retry = 0;; retry++) {
        // after a loss the run takes what is left
        ClusterSlots slots = ClusterSlots.await(spark, retry == 0 ? config.cluster().ranks() : 0,
            config.cluster().waitSeconds());
        int ranks = ranks(slots);
        boolean sameMachine = spark.master().startsWith("local");
        MemoryPlan memory = MemoryPlan.of(plan, ranks, slots.cores(), MemoryPlan.precision(config.train().precision()));
        if (sameMachine) memory.refuseUnlessItFits(ranks);
        memory.refuseUnlessGranted(spark.getConf());
        try {
          List<PretrainRank.Ending> endings = attempt(ranks, slots.cores(), store.claimEpoch());
          if (config.profile().enabled()) {
            new RunProfile(endings.stream().flatMap(each -> each.profile().stream()).toList())
                .write(hadoop, new Path(config.run()), progress);
          }
          return result(endings.get(0), ranks, store.committed().get(0), (System.nanoTime() - start) / NANOS);
        } catch (RankLostException e) {
          if (retry == config.cluster().retries()) throw lostTooOften(e);
          progress.accept(e.getMessage() + "; goes on from the newest checkpoint");
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Refuses what is wrong with configuration, data or run folder, as {@link #run} does, before a Spark session is there.
   *
   * @throws UserError naming the setting
   */
  public static void check(PretrainConfig config, Configuration hadoop) {
    try {
      PretrainPlan.of(config, hadoop).refuseMistakes(hadoop);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private UserError lostTooOften(RankLostException last) {
    int retries = plan.config().cluster().retries();
    return new UserError("cluster.retries is " + retries + "; executors were lost "
        + (retries == 0 ? "once" : retries + 1 + " times") + ", last: " + last.getMessage()
        + "; what is done is in " + plan.config().run() + ": run again to go on, or raise cluster.retries", last);
  }

  private int ranks(ClusterSlots slots) {
    int virtualRanks = plan.config().train().virtualRanks();
    int wanted = plan.config().cluster().ranks();
    int ranks = Math.min(slots.executors(), wanted > 0 ? wanted : virtualRanks);
    progress.accept(
        (ranks == 1 ? "1 rank" : ranks + " ranks") + (spark.isLocal() ? " in this process" : ", one an executor")
            + ", " + (slots.cores() == 1 ? "1 core" : slots.cores() + " cores") + (ranks == 1 ? "" : " each"));
    if (ranks < slots.executors()) {
      progress.accept(slots.executors() - ranks + " of " + slots.executors() + " executors stay idle: "
          + (wanted > 0 ? "cluster.ranks is " + wanted : "train.virtualRanks is " + virtualRanks));
    }
    return ranks;
  }

  private List<PretrainRank.Ending> attempt(int ranks, int cores, long epoch) {
    PretrainConfig config = plan.config();
    try (DriverLine line = new DriverLine(spark, progress)) {
      try {
        return new RankStage(ranks, cores, config.train().virtualRanks(), epoch, config.cluster())
            .run(spark, line, rank -> PretrainRank.run(config, rank));
      } catch (Exception e) {                    // Spark's SparkException is not declared
        throw StageFailure.of(line.failures(), e);
      }
    }
  }

  private PretrainResult result(PretrainRank.Ending ending, int ranks, Checkpoint newest, double seconds) {
    return new PretrainResult(newest.manifest().weightsSha256(), ranks, ending.step(), ending.finished(),
        ending.tokens(),
        ending.tokensPerSecond(), last(ending.history(), LossPoint.TRAIN), last(ending.history(), LossPoint.VALIDATION),
        ending.history(), newest.path().toString(), ending.kernels(), ending.precision(), ending.parameters(), seconds);
  }

  private static double last(List<LossPoint> history, String kind) {
    return history.stream().filter(p -> p.kind().equals(kind)).reduce((a, b) -> b).map(LossPoint::loss)
        .orElse(Double.NaN);
  }
}
