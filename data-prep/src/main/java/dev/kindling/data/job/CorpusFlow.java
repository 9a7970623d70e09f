package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.tokenizer.Fingerprint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The inputs through the steps, to documents that are kept and others that are dropped. Each stage leaves its rows as Parquet
 * in the output's unfinished folder; one that an interrupted run finished is taken over.
 */
final class CorpusFlow {
  private final SparkSession session;
  private final OutputFolder output;
  private final Consumer<String> progress;
  private final List<PrepStage> stages;
  private final Map<String, String> fingerprints;
  private final List<Outcome> outcomes = new ArrayList<>();

  /** What a stage left. */
  record Outcome(PrepStage stage, StageCounts counts, double seconds) {}

  CorpusFlow(SparkSession session, PrepOptions options, String inputs, OutputFolder output,
      Consumer<String> progress) {
    this.session = session;
    this.output = output;
    this.progress = progress;
    stages = readingFirst(options.stages());
    fingerprints = fingerprints(options, stages, inputs);
  }

  private static List<PrepStage> readingFirst(List<PrepStage> given) {
    List<PrepStage> stages = new ArrayList<>(given);
    if (stages.isEmpty() || !stages.get(0).name().equals(PrepStage.CLEAN))
      stages.add(0, new PrepStage(PrepStage.CLEAN, List.of(), ""));
    return stages;
  }

  /** A stage depends on the inputs, on how they are read, and on all stages up to it. */
  private static Map<String, String> fingerprints(PrepOptions options, List<PrepStage> stages, String inputs) {
    Map<String, String> fingerprints = new LinkedHashMap<>();
    String before = inputs + options.readingSettings();
    for (PrepStage stage : stages) {
      before = Fingerprint.of(before + "\n" + stage.name() + "\n" + stage.settings());
      fingerprints.put(stage.name(), before);
    }
    return fingerprints;
  }

  /** By stage; {@link OutputFolder#begin} keeps those that are finished. */
  Map<String, String> fingerprints() {
    return fingerprints;
  }

  /** @return all rows behind the last stage */
  Dataset<Row> run(Documents documents, boolean strict) {
    Dataset<Row> frame = null;
    for (PrepStage stage : stages) {
      long start = System.nanoTime();
      String folder = output.stage(stage.name()).toString();
      String fingerprint = fingerprints.get(stage.name());
      if (output.isStageFinished(stage.name(), fingerprint)) {
        progress.accept("Taking over the stage " + stage.name() + ", which an interrupted run finished");
      } else {
        Dataset<Row> rows = frame == null ? documents.frame(strict) : frame;
        for (CorpusStep step : stage.steps()) rows = step.apply(rows);
        long bytes = frame == null ? documents.bytes() : 0;
        try (StageProgress watch = StageProgress.watch(session, stage.name(), bytes, progress)) {
          rows.select(Columns.ID, Columns.SOURCE, Columns.FILE, Columns.POSITION, Columns.TEXT, Columns.DROPPED)
              .write().mode("overwrite").option("compression", "zstd").parquet(folder);
        }
        output.finishStage(stage.name(), fingerprint);
      }
      frame = session.read().schema(Columns.SCHEMA).parquet(folder);
      StageCounts counts = StageCounts.of(frame);
      outcomes.add(new Outcome(stage, counts, (System.nanoTime() - start) / 1e9));
      if (!stage.steps().isEmpty())
        progress.accept(String.format("%s: %,d of %,d documents are kept", stage.name(), counts.documents(),
            outcomes.size() == 1 ? counts.records() : outcomes.get(outcomes.size() - 2).counts().documents()));
    }
    return frame;
  }

  /** What each stage left, in their order. */
  List<Outcome> outcomes() {
    return outcomes;
  }

  /** @throws UserError where more records than allowed could not be read; it names the first */
  void verifyRejects(double maxRejectedPercent) {
    StageCounts counts = outcomes.get(0).counts();
    long rejected = counts.droppedBy(Documents.UNREADABLE);
    if (rejected == 0) return;
    StageCounts.Example first = counts.dropped().get(Documents.UNREADABLE).examples().get(0);
    double percent = 100.0 * rejected / counts.records();
    String found = String.format("%,d of %,d records, %.3g%%, could not be read, such as %s: %s", rejected,
        counts.records(), percent, first.id(), first.reason());
    if (percent > maxRejectedPercent)
      throw new UserError(found + "; maxRejectedPercent allows " + maxRejectedPercent
          + "; mend the records, or allow more");
    progress.accept(found + "; all are in the table " + PrepTables.REJECTED);
  }
}
