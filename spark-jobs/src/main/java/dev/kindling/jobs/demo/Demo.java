package dev.kindling.jobs.demo;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import dev.kindling.checkpoint.gguf.GgufExport;
import dev.kindling.checkpoint.gguf.GgufType;
import dev.kindling.data.corpus.BundledCorpus;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.job.PrepJob;
import dev.kindling.data.job.PrepOptions;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.jobs.config.ResolvedYaml;
import dev.kindling.jobs.evaluate.Baselines;
import dev.kindling.jobs.model.TrainedModel;
import dev.kindling.jobs.train.PretrainJob;
import dev.kindling.jobs.train.PretrainResult;
import dev.kindling.train.loop.LossPoint;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/**
 * The whole way on the bundled corpus, into one folder:
 *
 * <pre>
 *   corpus/ ─► data/ (tokenizer.json, Parquet) ─► run/ (checkpoints) ─► perplexity, samples ─► export/ (hf/, *.gguf)
 *                                                                            └─► summary.json, report.html
 * </pre>
 *
 * A stage that is done with the same settings and inputs is not done again, as long as its output is there; an interrupted
 * training goes on.
 */
public final class Demo {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int STAGES = 6;
  private static final String MARK = ".kindling-demo";

  private final SparkSession session;
  private final Configuration conf;
  private final DemoSettings settings;
  private final FileSystem files;
  private final Path out;
  private final Terminal terminal;
  private final Stages stages;
  private final Map<String, Double> seconds = new LinkedHashMap<>();

  private Demo(SparkSession session, DemoSettings settings, Path folder, PrintWriter terminal) throws IOException {
    this.session = session;
    this.settings = settings;
    conf = session.sparkContext().hadoopConfiguration();
    out = folder.getFileSystem(conf).makeQualified(folder);
    files = Storage.of(conf, out);
    this.terminal = new Terminal(terminal, STAGES);
    stages = new Stages(files, new Path(out, "stages"));
  }

  /** @param folder new, empty or an earlier demo's; @throws UserError where it holds something else */
  public static DemoSummary run(SparkSession session, DemoSettings settings, Path folder, PrintWriter terminal)
      throws IOException {
    Demo demo = new Demo(session, settings, folder, terminal);
    demo.claimFolder();
    return demo.run();
  }

  private void claimFolder() throws IOException {
    Path mark = new Path(out, MARK);
    if (files.exists(out) && !files.exists(mark)) {
      if (!files.getFileStatus(out).isDirectory()) throw new UserError("--out " + out + " is a file; give a folder");
      for (FileStatus child : files.listStatus(out)) {
        throw new UserError("--out " + out.toUri().getPath() + " holds something else, " + child.getPath().getName()
            + "; give a new or an empty folder, or that of an earlier demo");
      }
    }
    write(mark, "This folder is written by kindling demo.\n");
    write(new Path(out, DemoSettings.FILE), ResolvedYaml.write(settings));
  }

  private DemoSummary run() throws IOException {
    terminal.stage("Corpus: State of the Union addresses, 1790 to 2021");
    Path corpus = corpus();
    terminal.stage("Data: tokenizer, packing, Parquet shards");
    DatasetInfo data = data(corpus);
    terminal.stage("Pre-training on " + session.sparkContext().master());
    PretrainResult trained = pretrained(data);
    terminal.stage("Evaluation: perplexity of the held-out addresses");
    Baselines baselines = baselines(data);
    report(trained, baselines);
    terminal
        .stage("Samples at temperature " + settings.samples().temperature() + ", top-p " + settings.samples().topP());
    SampleCheck samples = samples(trained);
    samples.texts().forEach(text -> terminal.line("» " + text.strip().replaceAll("\\s+", " ")));
    terminal.stage("Export: Hugging Face folder and GGUF");
    Map<String, String> paths = exported(trained);
    return finished(data, trained, baselines, samples, paths);
  }

  private Path corpus() throws IOException {
    Path folder = new Path(out, "corpus");
    record Extracted(String file) {}
    var done = stages.run("corpus", BundledCorpus.FILE, folder, Extracted.class,
        () -> new Extracted(BundledCorpus.extract(conf, folder).toString()));
    note("corpus", done);
    return new Path(done.result().file());
  }

  private DatasetInfo data(Path corpus) throws IOException {
    DemoSettings.Data wanted = settings.data();
    PrepOptions options = new PrepOptions(CorpusSource.jsonl(corpus.toString()), new Path(out, "data").toString(),
        Optional.empty(), wanted.vocabularySize(), wanted.sequenceLength(), wanted.heldOutPercent(), wanted.seed());
    var done = stages.run("data", Stages.fingerprint(wanted.toString()), new Path(out, "data"), DatasetInfo.class,
        () -> PrepJob.run(session, options, terminal::line).info());
    note("data", done);
    DatasetInfo info = done.result();
    terminal.line("%,d addresses, %,d tokens of a vocabulary of %,d; held out: %,d addresses, %,d tokens",
        info.training().documents(), info.training().tokens(), info.vocabularySize(), info.heldOut().documents(),
        info.heldOut().tokens());
    return info;
  }

  private PretrainResult pretrained(DatasetInfo data) throws IOException {
    Path run = new Path(out, "run");
    String version = String.valueOf(Demo.class.getPackage().getImplementationVersion());
    String fingerprint = settings.trainingFingerprint(data.fingerprint(), version, session.sparkContext().master());
    var done = stages.run("pretrain", fingerprint, run, PretrainResult.class, () -> PretrainJob.run(session,
        settings.pretraining(new Path(out, "data").toString(), run.toString()), terminal::line));
    note("pretrain", done);
    if (!done.fresh()) refuseDamage(done.result(), run);
    if (settings.profile().enabled() && !done.fresh()) {
      terminal.line("nothing was profiled: the training was done before; give another --out to do it again");
    }
    return done.result();
  }

  /** Samples and exports are made of a checkpoint that may have been written days before. */
  private void refuseDamage(PretrainResult trained, Path run) {
    try {
      Checkpoint.open(conf, new Path(trained.checkpoint()));
    } catch (UserError damage) {
      throw new UserError(damage.getMessage() + "; delete " + plain(run) + ", and the same command trains again",
          damage);
    }
  }

  /** Of a checkpoint that this process wrote, or that {@link #refuseDamage} has held to its manifest. */
  private ModelFolder model(PretrainResult trained) {
    return Checkpoint.read(conf, new Path(trained.checkpoint())).model();
  }

  private Baselines baselines(DatasetInfo data) throws IOException {
    var done = stages.run("evaluate", Stages.fingerprint(data.fingerprint()), null, Baselines.class,
        () -> Baselines.of(training(), heldOut()));
    note("evaluate", done);
    return done.result();
  }

  private void report(PretrainResult trained, Baselines baselines) {
    terminal.line("unigram %.1f, bigram %.1f, 5-gram %.1f (interpolated Kneser-Ney, %,d tokens scored)",
        baselines.unigram(),
        baselines.bigram(), baselines.fiveGram(), baselines.tokens());
    terminal.line("this model %.1f", trained.validationPerplexity());
  }

  private SampleCheck samples(PretrainResult trained) throws IOException {
    String fingerprint = Stages.fingerprint(trained.weightsSha256(), settings.samples().toString());
    var done = stages.run("samples", fingerprint, null, SampleCheck.class, () -> {
      int threads = Runtime.getRuntime().availableProcessors();
      try (TrainedModel model = TrainedModel.open(model(trained), Precision.FLOAT32, threads)) {
        return SampleCheck.of(model, settings.samples(), training(), heldOut());
      }
    });
    note("samples", done);
    return done.result();
  }

  private Map<String, String> exported(PretrainResult trained) throws IOException {
    Path folder = new Path(out, "export");
    Path hf = new Path(folder, "hf");
    Path half = new Path(folder, "model-f16.gguf");
    Path quantized = new Path(folder, "model-q8_0.gguf");
    record Exported(String weightsSha256) {}
    var done = stages.run("export", Stages.fingerprint(trained.weightsSha256()), folder, Exported.class, () -> {
      try (ModelFolder model = model(trained)) {
        ModelFolderWriter.export(conf, hf, model, ElementType.F32);
        GgufExport.write(conf, model, half, GgufType.F16);
        GgufExport.write(conf, model, quantized, GgufType.Q8_0);
      }
      return new Exported(trained.weightsSha256());
    });
    note("export", done);
    Map<String, String> paths = new LinkedHashMap<>();
    paths.put("tokenizer", plain(new Path(out, "data/tokenizer.json")));
    paths.put("dataset", plain(new Path(out, "data")));
    paths.put("checkpoint", plain(new Path(trained.checkpoint())));
    paths.put("huggingFace", plain(hf));
    paths.put("ggufF16", plain(half));
    paths.put("ggufQ8_0", plain(quantized));
    paths.put("summary", plain(new Path(out, "summary.json")));
    paths.put("report", plain(new Path(out, "report.html")));
    return paths;
  }

  private DemoSummary finished(DatasetInfo data, PretrainResult trained, Baselines baselines, SampleCheck samples,
      Map<String, String> paths) throws IOException {
    DemoSummary summary = new DemoSummary(trained.validationPerplexity(), baselines.unigram(), baselines.bigram(),
        baselines.fiveGram(), trained.tokensPerSecond(), trained.weightsSha256(), trained.ranks(), trained.steps(),
        trained.parameters(), trained.precision(), trained.kernels(), session.sparkContext().master(),
        data.training().documents() + data.heldOut().documents(), data.training().tokens(), data.heldOut().tokens(),
        samples.tokens(), samples.knownWords(), samples.longestCopy(), samples.texts(), seconds, paths);
    write(new Path(out, "report.html"), DemoReport.html(summary, trained.curve()));
    write(new Path(out, "summary.json"),
        JSON.writerWithDefaultPrettyPrinter().writeValueAsString(ResolvedYaml.plain(summary)) + "\n");
    double[] losses = trained.curve().stream().filter(point -> point.kind().equals(LossPoint.TRAIN))
        .mapToDouble(LossPoint::loss).toArray();
    new Closing(summary, losses).print(terminal);
    return summary;
  }

  private PackedDataset training() {
    return PackedDataset.open(conf, new Path(out, "data"));
  }

  private PackedDataset heldOut() {
    return PackedDataset.openHeldOut(conf, new Path(out, "data"));
  }

  private void note(String stage, Stages.Done<?> done) {
    seconds.put(stage, done.seconds());
    if (!done.fresh()) terminal.line("done before, in %.1f s; the same settings and inputs", done.seconds());
  }

  /** A local path as people write it, another with its file system. */
  private static String plain(Path path) {
    String scheme = path.toUri().getScheme();
    return scheme == null || scheme.equals("file") ? path.toUri().getPath() : path.toString();
  }

  private void write(Path path, String text) throws IOException {
    Path pending = new Path(path.getParent(), "." + path.getName() + ".tmp");
    try (FSDataOutputStream to = files.create(pending, true)) {
      to.write(text.getBytes(StandardCharsets.UTF_8));
    }
    files.delete(path, false);
    if (!files.rename(pending, path)) throw new IOException(pending + " could not be renamed to " + path);
  }
}
