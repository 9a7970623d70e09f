package dev.kindling.jobs.train;

import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.jobs.transport.RankLostException;
import dev.kindling.train.loop.StopRequest;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;

/**
 * Submits a run's stage of ranks until the run has ended: again after a loss, on the executors that are left and from the newest
 * checkpoint; once more at a checkpoint when executors have come back. Told to end (SIGTERM), it has the ranks save first.
 *
 * @param <E> how a rank ends
 */
public final class Attempts<E extends RunEnding> {
  /** What is run, whatever it trains. */
  public interface Run<E extends RunEnding> {
    /** Where its checkpoints are. */
    String folder();

    ClusterSettings cluster();

    int virtualRanks();

    /** The step after which it shall end early; 0: none. */
    long stopAfter();

    /** Refuses executors that it does not fit on. @param cores of each rank */
    default void check(int ranks, int cores) {
    }

    /** Who hears what ranks {@link ToDriver#tell}. */
    default Consumer<String[]> facts() {
      return fact -> {};
    }

    /** What every rank of the next attempt does. @param epoch of that attempt */
    RankStage.Body<E> body(long epoch) throws IOException;
  }

  /** @param ranks of the last attempt; @param endings by rank */
  public record Ended<E>(int ranks, List<E> endings) {}

  private final SparkContext spark;
  private final Run<E> run;
  private final Consumer<String> progress;
  private volatile DriverLine line;              // of the newest attempt
  private volatile boolean stopping;
  private boolean regrouping;                    // the newest attempt was to end for other ranks' sake

  /** @param progress is given one line at a time */
  public Attempts(SparkContext spark, Run<E> run, Consumer<String> progress) {
    this.spark = spark;
    this.run = run;
    this.progress = progress;
  }

  /**
   * Runs to the end.
   *
   * @throws UserError where the cluster does not fit, the user stopped it, or another attempt has taken the run over
   * @throws RunGivenUpException where it failed more often than {@code cluster.retries} allow, or twice in the same way
   */
  public Ended<E> untilDone() throws IOException {
    ClusterSettings cluster = run.cluster();
    CheckpointStore store = new CheckpointStore(spark.hadoopConfiguration(), new Path(run.folder()));
    PatientStore patient = new PatientStore(store, run.folder(), cluster.waitSeconds());
    Retries retries = new Retries(cluster, run.folder());
    RankLostException lost = null;
    try (Termination termination = Termination.during(cluster.graceSeconds(), this::stop, this::late)) {
      ClusterSlots slots = ClusterSlots.await(spark, cluster.ranks(), cluster.waitSeconds());
      while (true) {
        int ranks = ranks(slots);
        run.check(ranks, slots.cores());
        long epoch = lost == null ? store.claimEpoch() : patient.claimEpoch(lost);
        try {
          List<E> endings = attempt(ranks, slots.cores(), epoch);
          E first = endings.get(0);
          if (first.finished() || first.step() == run.stopAfter() || !regrouping) {
            if (termination.asked()) progress.accept("told to end: saved after step " + first.step());
            return new Ended<>(ranks, endings);
          }
        } catch (RankLostException e) {
          if (termination.asked()) throw new UserError("the run was told to end: run again to go on", e);
          lost = e;
          retries.failed(patient.newestStep(e), e);
          progress.accept(e.getMessage() + "; goes on from the newest checkpoint");
        }
        slots = ClusterSlots.left(spark, cluster.minRanks(), cluster.waitSeconds());
      }
    }
  }

  /** Asks the ranks to end with a checkpoint: those of the attempt that is under way, or those of the next. */
  private void stop() {
    stopping = true;
    DriverLine now = line;
    if (now != null) now.order(StopRequest.NOW);
  }

  private void late() {
    progress.accept("the run did not stop within cluster.graceSeconds; what it had saved before stays");
  }

  private int ranks(ClusterSlots slots) {
    int wanted = run.cluster().ranks();
    int ranks = Math.min(slots.executors(), most());
    progress.accept(
        (ranks == 1 ? "1 rank" : ranks + " ranks") + (spark.isLocal() ? " in this process" : ", one an executor")
            + ", " + (slots.cores() == 1 ? "1 core" : slots.cores() + " cores") + (ranks == 1 ? "" : " each"));
    if (ranks < slots.executors()) {
      progress.accept(slots.executors() - ranks + " of " + slots.executors() + " executors stay idle: "
          + (wanted > 0 ? "cluster.ranks is " + wanted : "virtualRanks is " + run.virtualRanks()));
    }
    return ranks;
  }

  /** Ranks that the run can use. */
  private int most() {
    return run.cluster().ranks() > 0 ? run.cluster().ranks() : run.virtualRanks();
  }

  private List<E> attempt(int ranks, int cores, long epoch) throws IOException {
    RankStage.Body<E> body = run.body(epoch);
    try (DriverLine open = new DriverLine(spark, progress, run.facts())) {
      line = open;
      if (stopping) stop();
      try {
        return new RankStage(ranks, cores, run.virtualRanks(), epoch, run.cluster()).run(spark, open, most(), body);
      } catch (Exception e) {                    // Spark's SparkException is not declared
        throw StageFailure.of(open.failures(), e);
      } finally {
        regrouping = open.order() == StopRequest.AT_CHECKPOINT;
      }
    }
  }
}
