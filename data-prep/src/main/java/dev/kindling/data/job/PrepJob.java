package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.CharacterCount;
import dev.kindling.data.pack.DocumentOrder;
import dev.kindling.data.pack.RowCut;
import dev.kindling.data.pack.ShardCut;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.tokenizer.Fingerprint;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.data.tokenizer.TokenizerConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
 *     documents/   dropped/   rejected/   decontaminated/   prep-report.json
 *     dataset.json                      written last
 * </pre>
 */
public final class PrepJob {
  private static final Set<String> NAMES = Stream.concat(PrepTables.names().stream(), Stream.of(ShardFiles.TRAINING,
      ShardFiles.HELD_OUT, Tokenizer.FILE, TokenizerConfig.FILE, PrepReport.FILE, PrepReport.PAGE))
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
   * Makes the dataset, or finds it made already.
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
    progress
        .accept(String.format("Reading %s, %.1f MB", documents.files() == 1 ? "1 file" : documents.files() + " files",
            documents.bytes() / 1e6));
    DatasetInfo.Inputs inputs = timed("fingerprint", documents.bytes(), documents::inputs);
    String fingerprint = fingerprint(inputs, given);
    if (output.finishedManifest() != null) return finished(conf, output, fingerprint);
    CorpusFlow flow = new CorpusFlow(session, options, inputs.sha256(), output, progress);
    output.begin(flow.fingerprints());
    try (ShufflePartitions partitions = ShufflePartitions.of(session)) {
      Dataset<Row> rows = TaskFailure.unwrapped(() -> flow.run(documents, partitions));
      DatasetInfo info = TaskFailure
          .unwrapped(() -> prepare(rows, documents, flow, given, inputs, fingerprint, output));
      Tokenizer tokenizer = Tokenizer.load(conf, output.path());
      progress.accept(
          String.format("Wrote %,d training rows of %,d tokens and %,d held-out rows to %s", info.training().rows(),
              info.sequenceLength(), info.heldOut().rows(), output.path()));
      return new PrepResult(output.path(), info, tokenizer, false);
    } catch (UserError e) {
      output.abandon();
      throw e;                              // after any other failure the next run takes over the stages that are whole
    }
  }

  private PrepResult finished(Configuration conf, OutputFolder output, String fingerprint) {
    DatasetInfo info = DatasetInfo.read(conf, output.path());
    if (!info.fingerprint().equals(fingerprint))
      throw new UserError("output " + output.path()
          + " holds a dataset made from other inputs or settings; give another folder or delete it");
    output.clearUnfinished();
    progress.accept("The dataset in " + output.path() + " is already made from these inputs and settings");
    return new PrepResult(output.path(), info, Tokenizer.load(conf, output.path()), true);
  }

  /** @param rows what the flow left */
  private DatasetInfo prepare(Dataset<Row> rows, Documents documents, CorpusFlow flow, Tokenizer given,
      DatasetInfo.Inputs inputs, String fingerprint, OutputFolder output) throws Exception {
    DocumentOrder order = new DocumentOrder(options.seed(), options.heldOutPercent());
    List<CorpusFlow.Outcome> outcomes = flow.outcomes();
    StageCounts counts = outcomes.get(outcomes.size() - 1).counts();
    outcomes.forEach(outcome -> seconds.put(outcome.stage().name(), outcome.seconds()));
    if (counts.documents() == 0) throw nothingKept(documents, counts);
    JavaRDD<Documents.CleanDocument> kept = Documents.CleanDocument.in(rows);
    Tokenizer tokenizer = given != null
        ? given
        : timed("tokenizer", counts.characters(), () -> train(kept, order));
    progress.accept("Encoding documents");
    try (EncodedDocuments encoded = timed("encode", counts.characters(),
        () -> EncodedDocuments.of(spark, kept, counts.characters(), tokenizer, order))) {
      if (encoded.training().documents() == 0) throw nothingToLearn();
      TokenCounts both = encoded.training().plus(encoded.heldOut());
      Parts parts = timed("pack", 0, () -> pack(encoded, tokenizer, documents, output));
      DatasetInfo.Decontamination decontamination = timed("tables", 0, () -> {
        PrepTables tables = new PrepTables(session, output, Excerpts.of(options.stages()));
        tables.documents(encoded.documents(), both.documents());
        tables.dropped(rows, counts);
        return decontaminated(tables, rows);
      });
      output.write(Tokenizer.FILE, tokenizer.json());
      output.write(TokenizerConfig.FILE, TokenizerConfig.json());
      DatasetInfo info = new DatasetInfo(DatasetInfo.FORMAT, DatasetInfo.VERSION, fingerprint, options.sequenceLength(),
          tokenizer.vocabularySize(), tokenizer.endOfText(), tokenizer.fingerprint(), inputs, options.settings(),
          parts.training(), parts.heldOut(), corpus(counts, both), decontamination);
      output.write(PrepReport.FILE, PrepReport.of(documents, outcomes, both, info, seconds).toJson());
      output.commit(info.toJson());
      return info;
    }
  }

  /** @return null where no step looks for evaluation sets */
  private DatasetInfo.Decontamination decontaminated(PrepTables tables, Dataset<Row> rows) {
    for (PrepStage stage : options.stages()) {
      for (CorpusStep step : stage.steps()) {
        if (step instanceof Decontamination one) return tables.decontaminated(one, rows);
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

  private record Parts(DatasetInfo.Part training, DatasetInfo.Part heldOut) {}

  private Parts pack(EncodedDocuments encoded, Tokenizer tokenizer, Documents documents, OutputFolder output)
      throws IOException {
    TokenCounts training = encoded.training();
    TokenCounts heldOut = encoded.heldOut();
    progress
        .accept(String.format("Packing %,d documents of %,d tokens; %,d more documents of %,d tokens are held out",
            training.documents(), training.tokens(), heldOut.documents(), heldOut.tokens()));
    ShardCut trainingCut = cut(training);
    ShardCut heldOutCut = cut(heldOut);
    CharacterCount characters = CharacterCount.of(tokenizer.vocabularySize(), tokenizer::bytesOf);
    ShardFiles files = new ShardFiles(output.unfinished(), trainingCut, heldOutCut, tokenizer.endOfText(), characters);
    List<DatasetInfo.Shard> shards = files.write(
        encoded.pieces(trainingCut, heldOutCut, tokenizer.endOfText(), characters), documents.settings());
    return new Parts(part(training, trainingCut, shards.subList(0, trainingCut.shards())),
        part(heldOut, heldOutCut, shards.subList(trainingCut.shards(), shards.size())));
  }

  private Tokenizer train(JavaRDD<Documents.CleanDocument> documents, DocumentOrder order) {
    JavaRDD<String> texts = documents.filter(document -> !order.isHeldOut(document.id()))
        .map(Documents.CleanDocument::text);
    return TokenizerJob.train(texts, options.vocabularySize(), this::nothingToLearn, progress);
  }

  private UserError nothingKept(Documents documents, StageCounts counts) {
    String steps = counts.dropped().entrySet().stream().filter(step -> !step.getKey().equals("empty"))
        .map(step -> String.format("%s dropped %,d", step.getKey(), step.getValue().documents()))
        .collect(Collectors.joining(", "));
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

  private ShardCut cut(TokenCounts totals) {
    return new ShardCut(options.sequenceLength(), RowCut.streamLength(totals.documents(), totals.tokens()));
  }

  private static DatasetInfo.Part part(TokenCounts totals, ShardCut cut, List<DatasetInfo.Shard> shards) {
    return new DatasetInfo.Part(totals.documents(), totals.tokens(), totals.tokens() + totals.documents(), cut.rows(),
        cut.rowsPerShard(), cut.rowsPerGroup(), List.copyOf(shards));
  }

  private String fingerprint(DatasetInfo.Inputs inputs, Tokenizer given) {
    Map<String, String> parts = new TreeMap<>(options.settings());
    parts.put("dataset version", String.valueOf(DatasetInfo.VERSION));
    parts.put("inputs", inputs.sha256());
    if (given != null) parts.put("tokenizer", given.fingerprint());
    return Fingerprint.of(parts.toString());
  }
}
