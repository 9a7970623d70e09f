package dev.kindling.jobs.train;

import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.jobs.model.NativeCache;
import dev.kindling.jobs.track.Tracking;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.loop.LossPoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkConf;
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
  private final Tracking tracking;

  private PretrainJob(SparkSession session, PretrainConfig config, Consumer<String> progress,
      RankStage.Body<PretrainRank.Ending> body) {
    this.spark = session.sparkContext();
    this.hadoop = spark.hadoopConfiguration();
    this.plan = PretrainPlan.of(config.absolute(hadoop), hadoop);
    this.progress = progress;
    this.body = body;
    this.tracking = Tracking.of(plan.config().tracking(), hadoop, new Path(plan.config().run()),
        RunParameters.of(plan), progress);
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
    Configuration hadoop = session.sparkContext().hadoopConfiguration();
    // Ranks read the version of the dataset that the driver found, also where one is added while they run.
    PretrainConfig everywhere = PretrainPlan.of(config.absolute(hadoop), hadoop).config();
    StepTotals totals = StepTotals.of(session.sparkContext());
    return run(session, everywhere, progress, rank -> PretrainRank.run(everywhere, totals, rank));
  }

  /** @param body what every rank does */
  static PretrainResult run(SparkSession session, PretrainConfig config, Consumer<String> progress,
      RankStage.Body<PretrainRank.Ending> body) {
    PretrainJob job = new PretrainJob(session, config, progress, body);
    try {
      PretrainResult result = job.run();
      if (result.finished()) job.tracking.finished();
      else job.tracking.stopped();
      return result;
    } catch (RuntimeException | Error e) {
      if (Termination.isUnderWay()) job.tracking.stopped();      // told to end, it did not come to save
      else job.tracking.failed();
      throw e;
    }
  }

  private PretrainResult run() {
    long start = System.nanoTime();
    try {
      plan.refuseMistakes(hadoop);
      RunData.olderVersions(plan.datasets(), hadoop).forEach(progress);
      Attempts.Ended<PretrainRank.Ending> ended = new Attempts<>(spark, new Run(), progress).untilDone();
      CheckpointStore store = new CheckpointStore(hadoop, new Path(plan.config().run()));
      return ended(ended.endings(), ended.ranks(), store, (System.nanoTime() - start) / NANOS);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final class Run implements Attempts.Run<PretrainRank.Ending> {
    @Override
    public String folder() {
      return plan.config().run();
    }

    @Override
    public ClusterSettings cluster() {
      return plan.config().gradients().keeping(plan.config().cluster());
    }

    @Override
    public int virtualRanks() {
      return plan.config().train().virtualRanks();
    }

    @Override
    public long stopAfter() {
      return plan.config().train().stopAfter();
    }

    @Override
    public void check(int ranks, int cores) {
      if (!plansMemory(spark.getConf())) return;             // each rank looks at its own machine
      MemoryPlan memory = MemoryPlan.of(plan, ranks, cores, MemoryPlan.precision(plan.config().train().precision()));
      if (spark.master().startsWith("local")) memory.refuseUnlessItFits(ranks);
      memory.refuseUnlessGranted(spark.getConf());
    }

    @Override
    public RankStage.Body<PretrainRank.Ending> body(long epoch) {
      return body;
    }

    @Override
    public Consumer<String[]> facts() {
      return tracking::hear;
    }
  }

  private PretrainResult ended(List<PretrainRank.Ending> endings, int ranks, CheckpointStore store, double seconds)
      throws IOException {
    if (plan.config().profile().enabled()) {
      new RunProfile(endings.stream().flatMap(each -> each.profile().stream()).toList())
          .write(hadoop, new Path(plan.config().run()), progress);
    }
    RunData.read(plan.datasets(), plan.order().epochs(endings.get(0).step())).ifPresent(progress);
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

  /** Begins to load, while Spark starts, what this process will need: it plans its executors' memory, or is one itself. */
  public static void ahead(PretrainConfig config, SparkConf conf) {
    if (plansMemory(conf) && config.cluster().kernels() == ClusterSettings.KernelChoice.BEST)
      NativeCache.ahead(KernelLibraries::fastBfloat16);
  }

  private static boolean plansMemory(SparkConf conf) {
    return conf.get("spark.master", "local[*]").startsWith("local") || Container.isHeldTo(conf);
  }

  private PretrainResult result(PretrainRank.Ending ending, int ranks, Checkpoint newest, double seconds) {
    return new PretrainResult(newest.manifest().weightsSha256(), ranks, ending.step(), ending.finished(),
        ending.tokens(),
        ending.tokensPerSecond(), last(ending.history(), LossPoint.TRAIN), last(ending.history(), LossPoint.VALIDATION),
        ending.history(), newest.path().toString(), ending.kernels(), ending.precision(), ending.parameters(), seconds,
        plan.dataset().labels() == null);
  }

  private static double last(List<LossPoint> history, String kind) {
    return history.stream().filter(p -> p.kind().equals(kind)).reduce((a, b) -> b).map(LossPoint::loss)
        .orElse(Double.NaN);
  }
}
