package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.DocumentOrder;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetLabels;
import dev.kindling.data.shard.DatasetVersions;
import dev.kindling.data.tokenizer.Fingerprint;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.data.tokenizer.TokenizerConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * Documents to a dataset: read, normalise and clean, hold whole documents out, train a tokenizer on the others, encode, pack, write shards. The
 * same inputs and settings give the same dataset, whatever the number of executors, partitions and files read at once.
 *
 * <pre>
 *   output/
 *     training/part-00000.parquet ...   held-out/part-00000.parquet ...
 *     tokenizer.json   tokenizer_config.json
 *     inputs/   documents/   dropped/   rejected/   decontaminated/   *-signatures/   prep-report.json
 *     versions/0002/ ...                what was added since, the same again
 *     dataset.json                      written last
 * </pre>
 */
public final class PrepJob {
  private static final Set<String> NAMES = Stream.concat(PrepTables.names().stream(), Stream.of(ShardFiles.TRAINING,
      ShardFiles.HELD_OUT, Tokenizer.FILE, TokenizerConfig.FILE, PrepReport.FILE, PrepReport.PAGE,
      DatasetVersions.FOLDER))
      .collect(Collectors.toUnmodifiableSet());

  private final SparkSession session;
  private final JavaSparkContext spark;
  private final PrepOptions options;
  private final Consumer<String> progress;
  private final Map<String, Double> seconds = new LinkedHashMap<>();

  private PrepJob(SparkSession session, PrepOptions options, Consumer<String> progress) {
    this.session = session;
    spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    this.options = options;
    this.progress = progress;
  }

  /** As {@link #run(SparkSession, PrepOptions, Consumer)} without a word. */
  public static PrepResult run(SparkSession session, PrepOptions options) {
    return run(session, options, line -> {});
  }

  /**
   * Makes the dataset, finds it made already, or adds what is new among the inputs as the dataset's next version.
   *
   * @param progress is told what is going on, a line at a time
   * @throws UserError for a wrong path, a damaged or an empty corpus, too large a vocabulary, an output that holds something else;
   *     nothing half written is left then
   */
  public static PrepResult run(SparkSession session, PrepOptions options, Consumer<String> progress) {
    return new PrepJob(session, options, progress).run();
  }

  private PrepResult run() {
    Configuration conf = spark.hadoopConfiguration();
    OutputFolder output = new OutputFolder(conf, new Path(options.output()), DatasetInfo.FILE, NAMES);
    output.refuseStrangers();
    Tokenizer given = options.tokenizer().map(path -> Tokenizer.load(conf, new Path(path))).orElse(null);
    Documents documents = Documents.of(session, options.inputs());
    progress.accept("Reading " + documents.size());
    DatasetInfo.Inputs inputs = timed("fingerprint", documents.bytes(), documents::inputs);
    Optional<SharedExamples> examples = SharedExamples.of(conf, options, given);
    String fingerprint = fingerprint(inputs, given, examples);
    if (output.finishedManifest() != null) return finished(conf, output, documents, fingerprint, given, examples);
    DatasetInfo info = make(new Work(documents, inputs, fingerprint, output, given, examples, Optional.empty()));
    progress.accept(
        String.format("Wrote %,d training rows of %,d tokens and %,d held-out rows to %s", info.training().rows(),
            info.sequenceLength(), info.heldOut().rows(), output.path()));
    if (info.heldOut().rows() == 0 && options.heldOutPercent() > 0)
      progress.accept("No document is held out, as there are so few: training will tell no held-out loss. A larger "
          + "heldOutPercent than " + options.heldOutPercent() + " leaves it some");
    return new PrepResult(output.path(), info, Tokenizer.load(conf, output.path()), false);
  }

  /**
   * What is made.
   *
   * @param documents that are new
   * @param inputs all of the dataset's
   * @param given the tokenizer; null: one is trained
   * @param examples how examples become tokens; empty where documents are texts
   * @param former the dataset that the documents are added to
   */
  private record Work(Documents documents, DatasetInfo.Inputs inputs, String fingerprint, OutputFolder output,
      Tokenizer given, Optional<SharedExamples> examples, Optional<Former> former) {
    int version() {
      return former.map(Former::next).orElse(1);
    }
  }

  private DatasetInfo make(Work work) {
    PrepOptions all = work.examples()
        .map(of -> options.followedBy(ExampleStep.stage(of, work.given().fingerprint()))).orElse(options);
    CorpusFlow flow = new CorpusFlow(session, all,
        work.former().isPresent() ? work.fingerprint() : work.inputs().sha256(), work.output(), work.former(),
        progress);
    flow.begin();
    try (ShufflePartitions partitions = ShufflePartitions.of(session)) {
      Dataset<Row> rows = TaskFailure.unwrapped(() -> flow.run(work.documents(), partitions));
      return TaskFailure.unwrapped(() -> prepare(rows, flow, work));
    } catch (RuntimeException e) {
      RuntimeException told = work.output().told(e);
      if (told instanceof UserError) work.output().abandon();
      throw told;                           // after any other failure the next run takes over the stages that are whole
    }
  }

  private PrepResult finished(Configuration conf, OutputFolder output, Documents documents, String fingerprint,
      Tokenizer given, Optional<SharedExamples> examples) {
    output.clearUnfinished();
    Former former = new Former(session, output.path(), DatasetInfo.read(conf, output.path()));
    DatasetInfo info = former.info();
    Documents added = info.fingerprint().equals(fingerprint) ? null : added(former, documents, given, examples);
    if (added == null || added.files() == 0) {
      progress.accept("The dataset in " + output.path() + " is already made from these inputs and settings"
          + (info.datasetVersion() == 1 ? "" : ": version " + info.datasetVersion()));
      return new PrepResult(output.path(), info, Tokenizer.load(conf, output.path()), true);
    }
    return append(conf, former, documents.inputs(), added, examples);
  }

  private Documents added(Former former, Documents documents, Tokenizer given,
      Optional<SharedExamples> examples) {
    former.refuseOtherSettings(settings(examples), given);
    return AddedFiles.of(former, documents);
  }

  private PrepResult append(Configuration conf, Former former, DatasetInfo.Inputs inputs, Documents added,
      Optional<SharedExamples> examples) {
    DatasetInfo before = former.info();
    progress.accept(String.format("Adding %s, %.1f MB, to version %d; what is there stays as it is",
        Count.of(added.files(), "new file"), added.bytes() / 1e6, before.datasetVersion()));
    Tokenizer tokenizer = Tokenizer.load(conf, former.folder());
    if (!tokenizer.fingerprint().equals(before.tokenizer()))
      throw former.other(Tokenizer.FILE + " in it is not the one that it was made with");
    String fingerprint = Fingerprint.of(before.fingerprint() + "\n" + added.inputs().sha256());
    OutputFolder home = new OutputFolder(conf, DatasetVersions.home(former.folder(), former.next()),
        DatasetVersions.FILE, NAMES);
    DatasetInfo info = home.finishedManifest() == null
        ? null
        : DatasetVersions.unpublished(conf, former.folder(), former.next());
    former.refuseAddedTo();
    if (info != null && !info.fingerprint().equals(fingerprint)) {
      home.forgetManifest();
      info = null;
    }
    if (info == null)
      info = make(new Work(added, inputs, fingerprint, home, tokenizer, examples, Optional.of(former)));
    home.clearUnfinished();
    DatasetInfo made = info;
    TaskFailure.unwrapped(() -> {
      DatasetVersions.publish(conf, former.folder(), before, made);
      return made;
    });
    progress.accept(String.format("Added %,d training rows and %,d held-out rows: version %d of %s",
        info.training().rows() - before.training().rows(), info.heldOut().rows() - before.heldOut().rows(),
        info.datasetVersion(), former.folder()));
    return new PrepResult(former.folder(), info, tokenizer, false);
  }

  /** @param rows what the flow left */
  private DatasetInfo prepare(Dataset<Row> rows, CorpusFlow flow, Work work) throws Exception {
    DocumentOrder order = new DocumentOrder(options.seed(), options.heldOutPercent());
    List<CorpusFlow.Outcome> outcomes = flow.outcomes();
    StageCounts counts = outcomes.get(outcomes.size() - 1).counts();
    outcomes.forEach(outcome -> seconds.put(outcome.stage().name(), outcome.seconds()));
    if (counts.documents() == 0 && work.former().isEmpty()) throw nothingKept(work.documents(), counts);
    JavaRDD<Documents.CleanDocument> kept = Documents.CleanDocument.in(rows);
    Tokenizer tokenizer = work.given() != null
        ? work.given()
        : timed("tokenizer", counts.characters(), () -> train(kept, order));
    DatasetLabels labels = options.packing() == Packing.CLASSIFICATION
        ? timed("labels", 0, () -> LabelCounts.of(kept, options.labelKind(), order).labels(work.former()))
        : null;
    progress.accept("Encoding documents");
    try (EncodedDocuments encoded = timed("encode", counts.characters(),
        () -> EncodedDocuments.of(spark, kept, counts.characters(),
            work.examples().map(of -> EncodedDocuments.examples(spark, labels == null ? of : of.knowing(labels)))
                .orElseGet(() -> EncodedDocuments.texts(spark, tokenizer)),
            order))) {
      if (encoded.training().documents() == 0 && work.former().isEmpty()) throw nothingToLearn();
      TokenCounts both = encoded.training().plus(encoded.heldOut());
      Packer.Parts parts = timed("pack", 0, () -> pack(encoded, tokenizer, work));
      OutputFolder output = work.output();
      DatasetInfo.Decontamination decontamination = timed("tables", 0, () -> {
        PrepTables tables = new PrepTables(session, output, Excerpts.of(options.stages()));
        tables.inputs(work.documents());
        tables.documents(encoded.documents(), both.documents());
        tables.dropped(rows, counts);
        return decontaminated(tables, rows, work.former());
      });
      if (work.former().isEmpty()) {
        output.write(Tokenizer.FILE, tokenizer.json());
        output.write(TokenizerConfig.FILE, TokenizerConfig.of(tokenizer));
      }
      DatasetInfo own = new DatasetInfo(DatasetInfo.FORMAT, DatasetInfo.VERSION, work.fingerprint(),
          options.sequenceLength(), tokenizer.vocabularySize(), tokenizer.endOfText(), tokenizer.fingerprint(),
          work.inputs(), settings(work.examples()), parts.training(), parts.heldOut(), corpus(counts, both),
          decontamination,
          null, parts.packing(), labels);
      PrepReport report = timed("report", 0, () -> report(rows, kept, work, outcomes, both, own));
      output.write(PrepReport.FILE, report.toJson());
      DatasetInfo info = work.former().map(former -> former.info().plus(own, work.documents().files(),
          work.documents().bytes())).orElse(own);
      work.former().ifPresent(Former::refuseAddedTo);
      output.commit(info.toJson());
      return info;
    }
  }

  private PrepReport report(Dataset<Row> rows, JavaRDD<Documents.CleanDocument> kept, Work work,
      List<CorpusFlow.Outcome> outcomes, TokenCounts counts, DatasetInfo info) {
    DocumentOrder order = new DocumentOrder(options.seed(), options.heldOutPercent());
    PrepReport.Languages languages = options.packing().isOfExamples()
        ? null
        : LanguageCounts.of(kept, counts.documents(), order, options.stages());
    return PrepReport.of(work.documents(), outcomes, counts, info, languages,
        DuplicateClusters.of(rows, outcomes.stream().map(CorpusFlow.Outcome::stage).toList(),
            Excerpts.of(options.stages()), work.former()),
        seconds);
  }

  /** @return null where no step looks for evaluation sets */
  private DatasetInfo.Decontamination decontaminated(PrepTables tables, Dataset<Row> rows, Optional<Former> former) {
    for (PrepStage stage : options.stages()) {
      for (CorpusStep step : stage.steps()) {
        if (step instanceof Decontamination one)
          return tables.decontaminated(one, rows,
              former.flatMap(dataset -> dataset.table(PrepTables.DECONTAMINATED)));
      }
    }
    return null;
  }

  /** @param bytes that are worked on, about; 0 where that is not known */
  private <T> T timed(String what, long bytes, Callable<T> work) {
    long start = System.nanoTime();
    T result;
    try (StageProgress watch = StageProgress.watch(session, what, bytes, progress)) {
      result = TaskFailure.unwrapped(work);
    }
    seconds.merge(what, (System.nanoTime() - start) / 1e9, Double::sum);
    return result;
  }

  private Packer.Parts pack(EncodedDocuments encoded, Tokenizer tokenizer, Work work) throws IOException {
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

  private Tokenizer train(JavaRDD<Documents.CleanDocument> documents, DocumentOrder order) {
    JavaRDD<String> texts = documents.filter(document -> !order.isHeldOut(document.id()))
        .map(Documents.CleanDocument::text);
    return TokenizerJob.train(texts, options.tokenizerKind(), options.vocabularySize(), this::nothingToLearn, progress);
  }

  private UserError nothingKept(Documents documents, StageCounts counts) {
    String steps = StepOrder.of(options.stages()).sorted(counts.dropped().keySet()).stream()
        .filter(step -> !step.equals(Documents.WITHOUT_TEXT))
        .map(step -> String.format("%s dropped %,d", step, counts.droppedBy(step))).collect(Collectors.joining(", "));
    if (steps.isEmpty()) return documents.empty();
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
    Long rejected = dropped.remove(Documents.UNREADABLE);
    return new DatasetInfo.Corpus(counts.records(), rejected == null ? 0 : rejected, dropped, sources);
  }

  /** As a user knows them; of a chat template its fingerprint. */
  private Map<String, String> settings(Optional<SharedExamples> examples) {
    Map<String, String> settings = new TreeMap<>(options.settings());
    examples.ifPresent(of -> settings.putAll(of.settings()));
    return settings;
  }

  private String fingerprint(DatasetInfo.Inputs inputs, Tokenizer given, Optional<SharedExamples> examples) {
    Map<String, String> parts = settings(examples);
    parts.put("dataset version", String.valueOf(DatasetInfo.VERSION));
    parts.put("inputs", inputs.sha256());
    if (given != null) parts.put("tokenizer", given.fingerprint());
    return Fingerprint.of(parts.toString());
  }
}
