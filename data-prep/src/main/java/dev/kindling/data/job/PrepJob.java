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
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * Documents to a dataset: normalise, hold whole documents out, train a tokenizer on the others, encode, pack, write shards. The
 * same inputs and settings give the same dataset, whatever the number of executors, partitions and files read at once.
 *
 * <pre>
 *   output/
 *     training/part-00000.parquet ...   held-out/part-00000.parquet ...
 *     tokenizer.json   tokenizer_config.json
 *     dataset.json                      written last
 * </pre>
 */
public final class PrepJob {
  private static final Set<String> NAMES = Set.of(ShardFiles.TRAINING, ShardFiles.HELD_OUT, Tokenizer.FILE,
      TokenizerConfig.FILE);

  private final JavaSparkContext spark;
  private final PrepOptions options;
  private final Consumer<String> progress;

  private PrepJob(JavaSparkContext spark, PrepOptions options, Consumer<String> progress) {
    this.spark = spark;
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
    return new PrepJob(JavaSparkContext.fromSparkContext(session.sparkContext()), options, progress).run();
  }

  private PrepResult run() {
    Configuration conf = spark.hadoopConfiguration();
    OutputFolder output = new OutputFolder(conf, new Path(options.output()), DatasetInfo.FILE, NAMES);
    output.refuseStrangers();
    Tokenizer given = options.tokenizer().map(path -> Tokenizer.load(conf, new Path(path))).orElse(null);
    Documents documents = Documents.of(spark, options.corpus());
    progress
        .accept(String.format("Reading %s, %.1f MB", documents.files() == 1 ? "1 file" : documents.files() + " files",
            documents.bytes() / 1e6));
    DatasetInfo.Inputs inputs = TaskFailure.unwrapped(documents::inputs);
    String fingerprint = fingerprint(inputs, given);
    if (output.finishedManifest() != null) return finished(conf, output, fingerprint);
    output.begin();
    try {
      DatasetInfo info = TaskFailure.unwrapped(() -> prepare(documents, given, inputs, fingerprint, output));
      Tokenizer tokenizer = Tokenizer.load(conf, output.path());
      progress.accept(
          String.format("Wrote %,d training rows of %,d tokens and %,d held-out rows to %s", info.training().rows(),
              info.sequenceLength(), info.heldOut().rows(), output.path()));
      return new PrepResult(output.path(), info, tokenizer, false);
    } catch (RuntimeException e) {
      output.abandon();
      throw e;
    }
  }

  private PrepResult finished(Configuration conf, OutputFolder output, String fingerprint) {
    DatasetInfo info = DatasetInfo.read(conf, output.path());
    if (!info.fingerprint().equals(fingerprint))
      throw new UserError("output " + output.path()
          + " holds a dataset made from other inputs or settings; give another folder or delete it");
    progress.accept("The dataset in " + output.path() + " is already made from these inputs and settings");
    return new PrepResult(output.path(), info, Tokenizer.load(conf, output.path()), true);
  }

  private DatasetInfo prepare(Documents documents, Tokenizer given, DatasetInfo.Inputs inputs, String fingerprint,
      OutputFolder output) throws Exception {
    DocumentOrder order = new DocumentOrder(options.seed(), options.heldOutPercent());
    Tokenizer tokenizer = given != null ? given : train(documents, order);
    progress.accept("Encoding documents");
    try (EncodedDocuments encoded = EncodedDocuments.of(spark, documents, tokenizer, order)) {
      EncodedDocuments.Totals training = encoded.training();
      EncodedDocuments.Totals heldOut = encoded.heldOut();
      if (training.documents() == 0) throw nothingToLearn(documents);
      progress
          .accept(String.format("Packing %,d documents of %,d tokens; %,d more documents of %,d tokens are held out",
              training.documents(), training.tokens(), heldOut.documents(), heldOut.tokens()));
      ShardCut trainingCut = cut(training);
      ShardCut heldOutCut = cut(heldOut);
      CharacterCount characters = CharacterCount.of(tokenizer.vocabularySize(), tokenizer::bytesOf);
      ShardFiles files = new ShardFiles(output.unfinished(), trainingCut, heldOutCut, tokenizer.endOfText(),
          characters);
      List<DatasetInfo.Shard> shards = files.write(
          encoded.pieces(trainingCut, heldOutCut, tokenizer.endOfText(), characters),
          documents.settings());
      output.write(Tokenizer.FILE, tokenizer.json());
      output.write(TokenizerConfig.FILE, TokenizerConfig.json());
      DatasetInfo info = new DatasetInfo(DatasetInfo.FORMAT, DatasetInfo.VERSION, fingerprint, options.sequenceLength(),
          tokenizer.vocabularySize(), tokenizer.endOfText(), tokenizer.fingerprint(), inputs, options.settings(),
          part(training, trainingCut, shards.subList(0, trainingCut.shards())),
          part(heldOut, heldOutCut, shards.subList(trainingCut.shards(), shards.size())));
      output.commit(info.toJson());
      return info;
    }
  }

  private Tokenizer train(Documents documents, DocumentOrder order) {
    JavaRDD<String> texts = documents.clean().filter(document -> !order.isHeldOut(document.id()))
        .map(Documents.CleanDocument::text);
    return TokenizerJob.train(texts, options.vocabularySize(), () -> nothingToLearn(documents), progress);
  }

  private UserError nothingToLearn(Documents documents) {
    if (documents.clean().isEmpty()) return documents.empty();
    return new UserError("heldOutPercent is " + options.heldOutPercent()
        + ", which holds out every document of this corpus; give a smaller one, another seed, or more documents");
  }

  private ShardCut cut(EncodedDocuments.Totals totals) {
    return new ShardCut(options.sequenceLength(), RowCut.streamLength(totals.documents(), totals.tokens()));
  }

  private static DatasetInfo.Part part(EncodedDocuments.Totals totals, ShardCut cut, List<DatasetInfo.Shard> shards) {
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
