package dev.kindling.jobs.train;

import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.jobs.transport.RankLostException;
import dev.kindling.train.loop.LossPoint;
import dev.kindling.train.loop.StopRequest;
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
 * again, on those that are left, from its newest checkpoint; and once more at a checkpoint when executors have come back.
 */
public final class PretrainJob {
  private static final double NANOS = 1e9;
  private final SparkContext spark;
  private final Configuration hadoop;
  private final PretrainPlan plan;
  private final Consumer<String> progress;
  private final RankStage.Body<PretrainRank.Ending> body;
  private volatile DriverLine line;              // of the newest attempt
  private volatile boolean stopping;
  private boolean regrouping;                    // the newest attempt was to end for other ranks' sake

  private PretrainJob(SparkSession session, PretrainConfig config, Consumer<String> progress,
      RankStage.Body<PretrainRank.Ending> body) {
    this.spark = session.sparkContext();
    this.hadoop = spark.hadoopConfiguration();
    this.plan = PretrainPlan.of(config.absolute(hadoop), hadoop);
    this.progress = progress;
    this.body = body;
  }

  /**
   * Runs until the last step, or goes on with the run that is in the folder; progress goes to standard output.
   *
   * @throws UserError where configuration, data, run folder or cluster do not fit, or another attempt has taken the run over
   * @throws RunGivenUpException where it failed more often than {@code cluster.retries} allow
   */
  public static PretrainResult run(SparkSession session, PretrainConfig config) {
    return run(session, config, System.out::println);
  }

  /** @param progress is given one line at a time */
  public static PretrainResult run(SparkSession session, PretrainConfig config, Consumer<String> progress) {
    PretrainConfig everywhere = config.absolute(session.sparkContext().hadoopConfiguration());
    return run(session, everywhere, progress, rank -> PretrainRank.run(everywhere, rank));
  }

  /** @param body what every rank does */
  static PretrainResult run(SparkSession session, PretrainConfig config, Consumer<String> progress,
      RankStage.Body<PretrainRank.Ending> body) {
    return new PretrainJob(session, config, progress, body).run();
  }

  private PretrainResult run() {
    long start = System.nanoTime();
    try (Termination termination = Termination.during(plan.config().cluster().graceSeconds(), this::stop)) {
      CheckpointStore store = new CheckpointStore(hadoop, new Path(plan.config().run()));
      plan.refuseMistakes(hadoop);
      PatientStore patient = new PatientStore(store, plan.config().run(), plan.config().cluster().waitSeconds());
      Retries retries = new Retries(plan.config());
      ClusterSlots slots = ClusterSlots.await(spark, plan.config().cluster().ranks(),
          plan.config().cluster().waitSeconds());
      RankLostException lost = null;
      while (true) {
        int ranks = ranks(slots);
        refuseWhatDoesNotFit(ranks, slots.cores());
        long epoch = lost == null ? store.claimEpoch() : patient.claimEpoch(lost);
        try {
          List<PretrainRank.Ending> endings = attempt(ranks, slots.cores(), epoch);
          if (endings.get(0).finished() || endings.get(0).step() == plan.config().train().stopAfter() || !regrouping) {
            if (termination.asked()) progress.accept("told to end: saved after step " + endings.get(0).step());
            return ended(endings, ranks, store, (System.nanoTime() - start) / NANOS);
          }
        } catch (RankLostException e) {
          if (termination.asked()) throw new UserError("the run was told to end: run again to go on", e);
          lost = e;
          retries.failed(patient.newestStep(e), e);
          progress.accept(e.getMessage() + "; goes on from the newest checkpoint");
        }
        slots = ClusterSlots.left(spark, plan.config().cluster().minRanks(), plan.config().cluster().waitSeconds());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Asks the ranks to end with a checkpoint: those of the attempt that is under way, or those of the next. */
  private void stop() {
    stopping = true;
    DriverLine now = line;
    if (now != null) now.order(StopRequest.NOW);
  }

  private void refuseWhatDoesNotFit(int ranks, int cores) {
    MemoryPlan memory = MemoryPlan.of(plan, ranks, cores, MemoryPlan.precision(plan.config().train().precision()));
    if (spark.master().startsWith("local")) memory.refuseUnlessItFits(ranks);
    memory.refuseUnlessGranted(spark.getConf());
  }

  private PretrainResult ended(List<PretrainRank.Ending> endings, int ranks, CheckpointStore store, double seconds)
      throws IOException {
    if (plan.config().profile().enabled()) {
      new RunProfile(endings.stream().flatMap(each -> each.profile().stream()).toList())
          .write(hadoop, new Path(plan.config().run()), progress);
    }
    return result(endings.get(0), ranks, store.committed().get(0), seconds);
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
    int most = config.cluster().ranks() > 0 ? config.cluster().ranks() : config.train().virtualRanks();
    try (DriverLine open = new DriverLine(spark, progress)) {
      line = open;
      if (stopping) stop();
      try {
        return new RankStage(ranks, cores, config.train().virtualRanks(), epoch, config.cluster())
            .run(spark, open, most, body);
      } catch (Exception e) {                    // Spark's SparkException is not declared
        throw StageFailure.of(open.failures(), e);
      } finally {
        regrouping = open.order() == StopRequest.AT_CHECKPOINT;
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
