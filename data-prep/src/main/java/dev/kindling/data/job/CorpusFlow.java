package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.tokenizer.Fingerprint;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * The inputs through the steps, to documents that are kept and others that are dropped. Each stage leaves its rows as Parquet
 * in the output's unfinished folder; one that an interrupted run finished is taken over.
 */
final class CorpusFlow {
  /** Goes up where a step does something else with the same settings: what an older version began is then begun anew. */
  private static final int VERSION = 2;

  private final SparkSession session;
  private final PrepOptions options;
  private final OutputFolder output;
  private final Optional<Former> former;
  private final Consumer<String> progress;
  private final Excerpts excerpts;
  private final List<PrepStage> stages;
  private final Map<String, String> fingerprints;
  private final List<Outcome> outcomes = new ArrayList<>();
  private LostFiles lost;

  /** What a stage left. */
  record Outcome(PrepStage stage, StageCounts counts, double seconds) {}

  /** @param former the dataset that the documents are added to */
  CorpusFlow(SparkSession session, PrepOptions options, String inputs, OutputFolder output, Optional<Former> former,
      Consumer<String> progress) {
    this.session = session;
    this.options = options;
    this.output = output;
    this.former = former;
    this.progress = progress;
    stages = readingFirst(options.stages());
    excerpts = Excerpts.of(stages);
    fingerprints = fingerprints(options, stages, inputs, VERSION + " " + build());
  }

  private static List<PrepStage> readingFirst(List<PrepStage> given) {
    List<PrepStage> stages = new ArrayList<>(given);
    if (stages.isEmpty() || !stages.get(0).name().equals(PrepStage.CLEAN))
      stages.add(0, new PrepStage(PrepStage.CLEAN, List.of(), ""));
    return stages;
  }

  /** @return the version that is in the application's jar, or null */
  private static String build() {
    return CorpusFlow.class.getPackage().getImplementationVersion();
  }

  /** A stage depends on the inputs, on how they are read, on all stages up to it, and on the code. */
  static Map<String, String> fingerprints(PrepOptions options, List<PrepStage> stages, String inputs, String code) {
    Map<String, String> fingerprints = new LinkedHashMap<>();
    String before = code + "\n" + inputs + options.readingSettings();
    for (PrepStage stage : stages) {
      before = Fingerprint.of(before + "\n" + stage.name() + "\n" + stage.settings());
      fingerprints.put(stage.name(), before);
    }
    return fingerprints;
  }

  /** Makes the folder ready, and keeps stages there that an interrupted run finished. */
  void begin() {
    Set<String> signed = new HashSet<>();
    for (PrepStage stage : stages) if (signing(stage).isPresent()) signed.add(OutputFolder.beside(stage.name()));
    former.ifPresent(dataset -> signed.forEach(dataset::refuseWithout));
    output.begin(fingerprints, signed);
  }

  /** The step of a stage whose signatures are kept: the first one, where it makes some. */
  private static Optional<SignedStep> signing(PrepStage stage) {
    boolean signs = !stage.steps().isEmpty() && stage.steps().get(0) instanceof SignedStep
        && !stage.name().equals(PrepStage.CLEAN);
    return signs ? Optional.of((SignedStep) stage.steps().get(0)) : Optional.empty();
  }

  /**
   * @param partitions are fitted to what the first stage leaves
   * @return all rows behind the last stage
   */
  Dataset<Row> run(Documents documents, ShufflePartitions partitions) {
    Dataset<Row> frame = null;
    for (PrepStage stage : stages) {
      if (frame != null && stage.steps().stream().allMatch(CorpusStep::onlyLooks)) {
        outcomes.add(new Outcome(stage, last(), 0));
        continue;
      }
      long start = System.nanoTime();
      long before = frame == null ? 0 : last().documents();
      boolean first = frame == null;
      frame = stored(stage, frame, documents);
      StageCounts counts = StageCounts.of(frame, excerpts);
      if (first && counts.droppedBy(DocumentRows.UNREADABLE) > 0) lost = LostFiles.in(frame, documents);
      outcomes.add(new Outcome(stage, counts, (System.nanoTime() - start) / 1e9));
      if (first) {
        verifyRejects(options.maxRejectedPercent());
        partitions.fit(2 * counts.characters());
        PrepWarnings.separators(frame, documents).forEach(progress);
        refuseRepeatedIds(frame, documents);
        if (former.isPresent()) refuseIdsOf(former.get(), frame, documents);
      }
      if (!stage.steps().isEmpty())
        progress.accept(String.format("%s: %,d of %,d documents are kept", stage.name(), counts.documents(),
            first ? counts.records() : before));
      if (stage.name().equals(ExampleStep.NAME))
        PrepWarnings.leftOut(frame, before, counts.documents()).ifPresent(progress);
    }
    return frame;
  }

  /** @param before null: the stage reads the documents; @return what the stage left */
  private Dataset<Row> stored(PrepStage stage, Dataset<Row> before, Documents documents) {
    String folder = output.stage(stage.name()).toString();
    String fingerprint = fingerprints.get(stage.name());
    if (output.isStageFinished(stage.name(), fingerprint)) {
      progress.accept("Taking over the stage " + stage.name() + ", which an interrupted run finished");
    } else {
      Dataset<Row> rows = before == null ? documents.frame(options.strict()) : before;
      for (CorpusStep step : stage.steps())
        rows = signing(stage).filter(step::equals).isPresent()
            ? signed(stage, (SignedStep) step, rows)
            : step.apply(rows);
      long bytes = before == null ? documents.bytes() : 0;
      try (StageProgress watch = StageProgress.watch(session, stage.name(), bytes, progress)) {
        rows.select(Columns.ID, Columns.SOURCE, Columns.FILE, Columns.POSITION, Columns.TEXT, Columns.DROPPED)
            .write().mode("overwrite").option("compression", "zstd").parquet(folder);
      }
      output.finishStage(stage.name(), fingerprint);
    }
    return session.read().schema(Columns.SCHEMA).parquet(folder);
  }

  private Dataset<Row> signed(PrepStage stage, SignedStep step, Dataset<Row> rows) {
    String table = OutputFolder.beside(stage.name());
    String folder = output.stage(table).toString();
    Dataset<Row> signatures = step.signatures(rows);
    signatures.write().mode("overwrite").option("compression", "zstd").parquet(folder);
    return step.apply(rows, session.read().schema(signatures.schema()).parquet(folder),
        former.flatMap(dataset -> dataset.table(table)));
  }

  private static void refuseIdsOf(Former dataset, Dataset<Row> added, Documents documents) {
    Row first = added.where(Columns.kept()).join(dataset.ids(), new String[]{Columns.ID}, "left_semi")
        .agg(functions.min(Columns.ID)).first();
    if (first.isNullAt(0)) return;
    String id = first.getString(0);
    throw new UserError(
        "a document in the new files has the id '" + id + "', " + places(added, documents, id).get(0)
            + ", which one in the dataset " + dataset.folder() + " has already, " + dataset.place(id)
            + "; ids must be different: give it another one, or make a new dataset of all files"
            + " where it takes the other's place");
  }

  /** Before all that takes time; and of documents with the same id a step that joins by ids would lose one that is no duplicate. */
  private void refuseRepeatedIds(Dataset<Row> frame, Documents documents) {
    try (StageProgress watch = StageProgress.watch(session, "ids", 0, progress)) {
      Row smallest = frame.where(Columns.kept()).groupBy(Columns.ID).count().where("count > 1")
          .agg(functions.min(Columns.ID)).first();
      if (smallest.isNullAt(0)) return;
      String id = smallest.getString(0);
      throw EncodedDocuments.repeated(id, String.join(" and ", places(frame, documents, id)));
    }
  }

  /** Where the documents with an id are, two at most. */
  private static List<String> places(Dataset<Row> frame, Documents documents, String id) {
    return frame.where(Columns.kept().and(functions.col(Columns.ID).equalTo(id)))
        .orderBy(Columns.FILE, Columns.POSITION).limit(2).select(Columns.FILE, Columns.POSITION).collectAsList()
        .stream().map(row -> documents.place(id, row.getString(0), row.getLong(1))).toList();
  }

  private StageCounts last() {
    return outcomes.get(outcomes.size() - 1).counts();
  }

  /** What each stage left, in their order. */
  List<Outcome> outcomes() {
    return outcomes;
  }

  /** @throws UserError where more records or files than allowed could not be read; it names the first */
  private void verifyRejects(double maxRejectedPercent) {
    StageCounts counts = outcomes.get(0).counts();
    long rejected = counts.droppedBy(DocumentRows.UNREADABLE);
    if (rejected == 0) return;
    StageCounts.Example first = counts.dropped().get(DocumentRows.UNREADABLE).examples().get(0);
    double percent = 100.0 * rejected / counts.records();
    String found = String.format("%,d of %,d records, %.3g%%, could not be read, such as %s: %s", rejected,
        counts.records(), percent, first.id(), first.reason());
    if (percent > maxRejectedPercent)
      throw new UserError(found + "; maxRejectedPercent allows " + maxRejectedPercent
          + "; mend the records, or allow more");
    lost.verify(maxRejectedPercent);
    progress.accept(found + "; all are in the table " + PrepTables.REJECTED);
  }
}
