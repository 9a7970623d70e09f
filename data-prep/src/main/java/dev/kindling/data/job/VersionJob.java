package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.DocumentOrder;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetLabels;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.data.tokenizer.TokenizerConfig;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Makes one version of a dataset in its folder: the first of all documents, a later one of those that are added, with the tokenizer and
 * beside the rows of the former. The documents run through the steps, are encoded and packed, and the folder is committed.
 */
final class VersionJob {
  /**
   * What is made.
   *
   * @param documents that are new
   * @param inputs all of the dataset's
   * @param given the tokenizer; null: one is trained
   * @param examples how examples become tokens; empty where documents are texts
   * @param former the dataset that the documents are added to
   */
  record Work(Documents documents, DatasetInfo.Inputs inputs, String fingerprint, OutputFolder output,
      Tokenizer given, Optional<SharedExamples> examples, Optional<Former> former) {
    int version() {
      return former.map(Former::next).orElse(1);
    }
  }

  private final SparkSession session;
  private final JavaSparkContext spark;
  private final PrepOptions options;
  private final Work work;
  private final PartTimes times;
  private final Consumer<String> progress;

  VersionJob(SparkSession session, PrepOptions options, Work work, PartTimes times, Consumer<String> progress) {
    this.session = session;
    spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    this.options = options;
    this.work = work;
    this.times = times;
    this.progress = progress;
  }

  /** @param settings as a user knows them; @throws UserError where nothing is left to learn from: nothing half written is left then */
  DatasetInfo make(Map<String, String> settings) {
    PrepOptions all = work.examples()
        .map(of -> options.followedBy(ExampleStep.stage(of, work.given().fingerprint()))).orElse(options);
    CorpusFlow flow = new CorpusFlow(session, all,
        work.former().isPresent() ? work.fingerprint() : work.inputs().sha256(), work.output(), work.former(),
        progress);
    flow.begin();
    try (ShufflePartitions partitions = ShufflePartitions.of(session)) {
      Dataset<Row> rows = TaskFailure.unwrapped(() -> flow.run(work.documents(), partitions));
      return TaskFailure.unwrapped(() -> prepare(rows, flow, settings));
    } catch (RuntimeException e) {
      RuntimeException told = work.output().told(e);
      if (told instanceof UserError) work.output().abandon();
      throw told;                           // after any other failure the next run takes over the stages that are whole
    }
  }

  /** @param rows what the flow left */
  private DatasetInfo prepare(Dataset<Row> rows, CorpusFlow flow, Map<String, String> settings) throws Exception {
    List<CorpusFlow.Outcome> outcomes = flow.outcomes();
    StageCounts counts = outcomes.get(outcomes.size() - 1).counts();
    outcomes.forEach(outcome -> times.took(outcome.stage().name(), outcome.seconds()));
    if (counts.documents() == 0 && work.former().isEmpty()) throw nothingKept(counts);
    JavaRDD<CleanDocument> kept = CleanDocument.in(rows);
    Tokenizer tokenizer = work.given() != null
        ? work.given()
        : times.of("tokenizer", counts.characters(), () -> train(kept));
    DatasetLabels labels = options.packing().isLabelled()
        ? times.of("labels", 0, () -> LabelCounts.of(kept, options.labelKind(), order()).labels(work.former()))
        : null;
    progress.accept("Encoding documents");
    try (EncodedDocuments encoded = times.of("encode", counts.characters(),
        () -> encode(kept, counts, tokenizer, labels))) {
      if (encoded.training().documents() == 0 && work.former().isEmpty()) throw nothingToLearn();
      TokenCounts both = encoded.training().plus(encoded.heldOut());
      Packer.Parts parts = times.of("pack", 0, () -> pack(encoded, tokenizer));
      DatasetInfo.Decontamination decontamination = times.of("tables", 0,
          () -> writeTables(rows, counts, encoded, both));
      if (work.former().isEmpty()) writeTokenizer(tokenizer);
      DatasetInfo own = new DatasetInfo(DatasetInfo.FORMAT, DatasetInfo.VERSION, work.fingerprint(),
          options.sequenceLength(), tokenizer.vocabularySize(), tokenizer.endOfText(), tokenizer.fingerprint(),
          work.inputs(), settings, parts.training(), parts.heldOut(), corpus(counts, both),
          decontamination,
          null, parts.packing(), labels);
      PrepReport report = times.of("report", 0, () -> report(rows, kept, outcomes, both, own));
      work.output().write(PrepReport.FILE, report.toJson());
      return commit(own);
    }
  }

  private DocumentOrder order() {
    return new DocumentOrder(options.seed(), options.heldOutPercent());
  }

  /** @param labels null where there are none */
  private EncodedDocuments encode(JavaRDD<CleanDocument> kept, StageCounts counts, Tokenizer tokenizer,
      DatasetLabels labels) {
    return EncodedDocuments.of(spark, kept, counts.characters(),
        work.examples().map(of -> EncodedDocuments.examples(spark, labels == null ? of : of.knowing(labels)))
            .orElseGet(() -> EncodedDocuments.texts(spark, tokenizer)),
        order());
  }

  /** @return what the table of evaluation sets tells; null where no step looks for them */
  private DatasetInfo.Decontamination writeTables(Dataset<Row> rows, StageCounts counts, EncodedDocuments encoded,
      TokenCounts both) {
    PrepTables tables = new PrepTables(session, work.output(), Excerpts.of(options.stages()));
    tables.inputs(work.documents());
    tables.documents(encoded.documents(), both.documents());
    tables.dropped(rows, counts);
    return decontaminated(tables, rows);
  }

  private void writeTokenizer(Tokenizer tokenizer) {
    work.output().write(Tokenizer.FILE, tokenizer.json());
    work.output().write(TokenizerConfig.FILE, TokenizerConfig.of(tokenizer));
  }

  /** @param own of the documents that are new; @return of all, which the folder has from here on */
  private DatasetInfo commit(DatasetInfo own) {
    DatasetInfo all = work.former().map(former -> former.info().plus(own, work.documents().files(),
        work.documents().bytes())).orElse(own);
    work.former().ifPresent(Former::refuseAddedTo);
    work.output().commit(all.toJson());
    return all;
  }

  private PrepReport report(Dataset<Row> rows, JavaRDD<CleanDocument> kept,
      List<CorpusFlow.Outcome> outcomes, TokenCounts counts, DatasetInfo info) {
    PrepReport.Languages languages = options.packing().isOfExamples()
        ? null
        : LanguageCounts.of(kept, counts.documents(), order(), options.stages());
    return PrepReport.of(work.documents(), outcomes, counts, info, languages,
        DuplicateClusters.of(rows, outcomes.stream().map(CorpusFlow.Outcome::stage).toList(),
            Excerpts.of(options.stages()), work.former()),
        times.seconds());
  }

  /** @return null where no step looks for evaluation sets */
  private DatasetInfo.Decontamination decontaminated(PrepTables tables, Dataset<Row> rows) {
    for (PrepStage stage : options.stages()) {
      for (CorpusStep step : stage.steps()) {
        if (step instanceof Decontamination one)
          return tables.decontaminated(one, rows,
              work.former().flatMap(dataset -> dataset.table(PrepTables.DECONTAMINATED)));
      }
    }
    return null;
  }

  private Packer.Parts pack(EncodedDocuments encoded, Tokenizer tokenizer) throws IOException {
    TokenCounts training = encoded.training();
    TokenCounts heldOut = encoded.heldOut();
    progress
        .accept(String.format("Packing %,d documents of %,d tokens; %,d more documents of %,d tokens are held out",
            training.documents(), training.tokens(), heldOut.documents(), heldOut.tokens()));
    ShardFiles.First first = work.former().map(Former::info)
        .map(info -> new ShardFiles.First(info.training().rows(), info.heldOut().rows()))
        .orElse(new ShardFiles.First(0, 0));
    Packer.Parts parts = new Packer(encoded, options, tokenizer, work.output().unfinished(), first,
        work.documents().settings()).pack().in(work.version());
    progress.accept(String.format("Packed (%s): %.3f%% of the places are empty, %,d of %,d documents are cut",
        parts.packing().kind(), parts.packing().wastePercent(), parts.packing().cutDocuments(),
        training.documents() + heldOut.documents()));
    if (options.packing().isOfExamples())
      PrepWarnings.cut(parts.packing().cutDocuments(), training.documents() + heldOut.documents(),
          options.sequenceLength()).ifPresent(progress);
    return parts;
  }

  private Tokenizer train(JavaRDD<CleanDocument> documents) {
    DocumentOrder order = order();
    JavaRDD<String> texts = documents.filter(document -> !order.isHeldOut(document.id()))
        .map(CleanDocument::text);
    return TokenizerJob.train(texts, options.tokenizerKind(), options.vocabularySize(), this::nothingToLearn, progress);
  }

  private UserError nothingKept(StageCounts counts) {
    String steps = StepOrder.of(options.stages()).sorted(counts.dropped().keySet()).stream()
        .filter(step -> !step.equals(DocumentRows.WITHOUT_TEXT))
        .map(step -> String.format("%s dropped %,d", step, counts.droppedBy(step))).collect(Collectors.joining(", "));
    if (steps.isEmpty()) return work.documents().empty();
    return new UserError("no document is left: " + steps + "; loosen these steps");
  }

  private UserError nothingToLearn() {
    return new UserError("heldOutPercent is " + options.heldOutPercent()
        + ", which holds out every document of this corpus; give a smaller one, another seed, or more documents");
  }

  private static DatasetInfo.Corpus corpus(StageCounts counts, TokenCounts tokens) {
    Map<String, Long> dropped = new TreeMap<>();
    counts.dropped().forEach((step, of) -> dropped.put(step, of.documents()));
    Map<String, DatasetInfo.Source> sources = new TreeMap<>();
    tokens.sources().forEach((name, of) -> sources.put(name, new DatasetInfo.Source(of.documents(), of.tokens())));
    Long rejected = dropped.remove(DocumentRows.UNREADABLE);
    return new DatasetInfo.Corpus(counts.records(), rejected == null ? 0 : rejected, dropped, sources);
  }
}
