package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.DatasetVersions;
import dev.kindling.data.tokenizer.Fingerprint;
import dev.kindling.data.tokenizer.PrefixSpace;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.data.tokenizer.TokenizerConfig;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
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
  private final PartTimes times;

  private PrepJob(SparkSession session, PrepOptions options, Consumer<String> progress) {
    this.session = session;
    spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    this.options = options;
    this.progress = progress;
    times = new PartTimes(session, progress);
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
    Tokenizer given = options.tokenizer().map(path -> tokenizer(conf, new Path(path))).orElse(null);
    Documents documents = Documents.of(session, options.inputs());
    progress.accept("Reading " + documents.size());
    DatasetInfo.Inputs inputs = times.of("fingerprint", documents.bytes(), documents::inputs);
    Optional<SharedExamples> examples = SharedExamples.of(conf, options, given);
    String fingerprint = fingerprint(inputs, given, examples);
    if (output.finishedManifest() != null) return finished(conf, output, documents, fingerprint, given, examples);
    DatasetInfo info = make(
        new VersionJob.Work(documents, inputs, fingerprint, output, given, examples, Optional.empty()));
    progress.accept(
        String.format("Wrote %,d training rows of %,d tokens and %,d held-out rows to %s", info.training().rows(),
            info.sequenceLength(), info.heldOut().rows(), output.path()));
    if (info.heldOut().rows() == 0 && options.heldOutPercent() > 0)
      progress.accept("No document is held out, as there are so few: training will tell no held-out loss. A larger "
          + "heldOutPercent than " + options.heldOutPercent() + " leaves it some");
    return new PrepResult(output.path(), info, Tokenizer.load(conf, output.path()), false);
  }

  /** As it is, but for words, each of which is encoded by itself and must have the tokens that it has in a text. */
  private Tokenizer tokenizer(Configuration conf, Path path) {
    Tokenizer given = Tokenizer.load(conf, path);
    if (options.packing() != Packing.TOKEN_CLASSIFICATION) return given;
    Tokenizer used = PrefixSpace.addedTo(given);
    if (used != given)
      progress.accept(
          "The tokenizer is used, and written beside the rows, with add_prefix_space: words are given one by one");
    return used;
  }

  private DatasetInfo make(VersionJob.Work work) {
    return new VersionJob(session, options, work, times, progress).make(settings(work.examples()));
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
      info = make(
          new VersionJob.Work(added, inputs, fingerprint, home, tokenizer, examples, Optional.of(former)));
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
