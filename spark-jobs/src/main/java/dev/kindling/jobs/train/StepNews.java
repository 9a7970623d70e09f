package dev.kindling.jobs.train;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.data.shard.DatasetMixture;
import dev.kindling.jobs.track.LossSpikes;
import dev.kindling.jobs.track.StepRow;
import dev.kindling.jobs.track.StepTable;
import dev.kindling.jobs.track.Tracking;
import dev.kindling.train.loop.LabelLosses;
import dev.kindling.train.loop.PackedBatches;
import dev.kindling.train.loop.Progress;
import dev.kindling.train.loop.ProgressLine;
import dev.kindling.train.loop.StepFacts;
import dev.kindling.train.loop.TrainingListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkEnv;

/**
 * What a rank makes known of its steps: Spark's metrics and accumulators on every rank; on the first the run's table, lines of
 * progress, what the driver keeps, ranks that others wait for and losses that stand out.
 */
final class StepNews implements TrainingListener {
  private final Rank rank;
  private final StepTotals totals;
  private final StepMetrics metrics = StepMetrics.here();
  private final ProgressLine lines;
  private final StepTable table;
  private final Path run;
  private final DatasetMixture datasets;
  private final LossSpikes spikes;
  private final Stragglers stragglers;
  private final DocumentLosses documents;
  private PackedBatches<?> batches;

  StepNews(PretrainPlan plan, Rank rank, StepTotals totals) {
    this.rank = rank;
    this.totals = totals;
    run = new Path(plan.config().run());
    datasets = plan.datasets();
    lines = plan.dataset().labels() == null
        ? new ProgressLine(rank.driver()::say)
        : new ProgressLine(rank.driver()::say, new Labelling(plan.dataset().labels(), (BertConfig) plan.model())::told);
    table = new StepTable(rank.conf(), run);
    spikes = new LossSpikes(plan.config().watch());
    documents = new DocumentLosses(plan, rank);
    stragglers = new Stragglers(plan.config().train().virtualRanks(), places(rank));
  }

  /** Where each rank is; all ranks ask at the same time. */
  private static List<String> places(Rank rank) {
    String here = SparkEnv.get().executorId() + " on " + SparkEnv.get().blockManager().blockManagerId().host();
    return rank.communicator().allGather(here.getBytes(StandardCharsets.UTF_8)).stream()
        .map(place -> new String(place, StandardCharsets.UTF_8)).toList();
  }

  /** Where the rows of a step are known. */
  StepNews of(PackedBatches<?> source) {
    batches = source;
    documents.of(source);
    return this;
  }

  /** Who keeps the losses of single labels. */
  LabelLosses losses() {
    return documents;
  }

  /** Every rank, after every step. */
  void follow(StepFacts facts) {
    totals.add(facts, rank.rank());
    metrics.show(facts, rank.rank());
    documents.follow(facts.step());
    if (rank.rank() > 0) return;
    LossSpikes.Spike spike = facts.labels() > 0 ? spikes.next(facts.loss()) : null;
    StepRow row = StepRow.of(facts, rank.epoch(), spike != null);
    table.add(row);
    rank.driver().tell(Tracking.stepped(row));
    stragglers.next(facts).ifPresent(rank.driver()::say);
    if (spike != null) new SpikeReport(rank, datasets, batches, run).of(facts, spike);
  }

  /** Before the checkpoint of that step is committed. An attempt that was taken over from writes nothing more. */
  void committing(long step) throws IOException {
    if (new CheckpointStore(rank.conf(), run).newestEpoch() > rank.epoch()) return;
    table.committing(step);
    documents.committing(step);
  }

  @Override
  public void started(long firstStep, long steps, int worldSize) {
    try {
      table.resumedAfter(firstStep - 1, rank.epoch());
      documents.resumedAfter(firstStep - 1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    rank.driver().tell(Tracking.started(firstStep, steps, worldSize));
    lines.started(firstStep, steps, worldSize);
  }

  @Override
  public void progressed(Progress progress) {
    lines.progressed(progress);
  }

  @Override
  public void evaluating(long step, long done, long all) {
    lines.evaluating(step, done, all);
  }

  @Override
  public void evaluated(long step, double meanLoss) {
    table.evaluated(step, meanLoss);
    rank.driver().tell(Tracking.evaluated(step, meanLoss));
    lines.evaluated(step, meanLoss);
  }

  @Override
  public void checkpointed(long step, String where) {
    rank.driver().tell(Tracking.saved(step, where));
    lines.checkpointed(step, where);
  }

  @Override
  public void resumedOnOtherKernels(String then, String now) {
    lines.resumedOnOtherKernels(then, now);
  }
}
