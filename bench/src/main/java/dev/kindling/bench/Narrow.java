package dev.kindling.bench;

import dev.kindling.data.corpus.BundledCorpus;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.job.PrepJob;
import dev.kindling.data.job.PrepOptions;
import dev.kindling.jobs.config.Configuration;
import dev.kindling.jobs.demo.DemoSettings;
import dev.kindling.jobs.train.ClusterSettings;
import dev.kindling.jobs.train.GradientSettings;
import dev.kindling.jobs.train.PretrainConfig;
import dev.kindling.jobs.train.PretrainJob;
import dev.kindling.jobs.train.PretrainResult;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;

/**
 * {@code bench/run narrow}: the demo's training on two executors, once with exact gradients and once with each kind that sends fewer
 * bytes: the held-out loss at the end, and the bytes of gradients of a step. {@code --only KIND} takes one; {@code --steps N} cuts the
 * training short; {@code --threshold X}, {@code --share X}, {@code --rank N} and {@code --local-steps N} are those of THRESHOLD, TOP_K,
 * POWERSGD and LOCAL, if not the defaults.
 */
public final class Narrow {
  private static final Pattern SENT = Pattern.compile("([0-9.e+-]+) MB of gradients sent");
  private static final int EXECUTORS = 2;

  private Narrow() {
  }

  /** How a training ended. @param megabytes of gradients in a step, by all executors */
  private record Found(double loss, double megabytes) {}

  public static void main(String[] args) throws IOException {
    List<String> words = List.of(args);
    int only = words.indexOf("--only"), steps = words.indexOf("--steps");
    String target = System.getProperty("bench.home") + "/target/narrow";
    Results results = new Results("narrow");
    DemoSettings demo = Configuration.parse(DemoSettings.FILE, DemoSettings.packaged())
        .set(steps < 0
            ? List.of("train.logEvery=1", "train.evaluateEvery=0")
            : List.of("train.logEvery=1", "train.evaluateEvery=0", "train.steps=" + words.get(steps + 1)))
        .as(DemoSettings.class);
    try (SparkSession spark = session()) {
      spark.sparkContext().setLogLevel("WARN");
      org.apache.hadoop.conf.Configuration hadoop = spark.sparkContext().hadoopConfiguration();
      Path folder = new Path(target);
      folder.getFileSystem(hadoop).delete(folder, true);
      String corpus = BundledCorpus.extract(hadoop, new Path(folder, "corpus")).toString();
      PrepJob.run(spark, new PrepOptions(CorpusSource.jsonl(corpus), target + "/data", Optional.empty(),
          demo.data().vocabularySize(), demo.data().sequenceLength(), demo.data().heldOutPercent(), demo.data().seed()),
          line -> {});
      Found exact = train(spark, demo, GradientSettings.defaults(), target);
      for (GradientSettings.Kind kind : GradientSettings.Kind.values()) {
        if (kind == GradientSettings.Kind.EXACT) continue;
        if (only >= 0 && !kind.name().equalsIgnoreCase(words.get(only + 1).replace('-', '_'))) continue;
        GradientSettings gradients = settings(kind, words);
        Found found = train(spark, demo, gradients, target);
        String name = "demo, " + demo.train().steps() + " steps, 2 executors, " + name(gradients);
        results.less(name + ", held-out loss", found.loss, exact.loss, "nats");
        results.less(name + ", gradients a step", found.megabytes, exact.megabytes, "MB");
      }
    }
    results.write();
  }

  private static GradientSettings settings(GradientSettings.Kind kind, List<String> words) {
    GradientSettings usual = GradientSettings.of(kind);
    return new GradientSettings(kind, number(words, "--threshold", usual.threshold()),
        number(words, "--share", usual.share()), (int) number(words, "--rank", usual.rank()),
        (long) number(words, "--local-steps", usual.localSteps()), usual.outerRate(), usual.outerMomentum());
  }

  private static double number(List<String> words, String option, double usual) {
    int at = words.indexOf(option);
    return at < 0 ? usual : Double.parseDouble(words.get(at + 1));
  }

  /** Its kind, with what decides how many bytes it sends. */
  private static String name(GradientSettings gradients) {
    String kind = gradients.kind().name().toLowerCase(Locale.ROOT).replace('_', '-');
    return switch (gradients.kind()) {
      case THRESHOLD -> kind + " of " + gradients.threshold();
      case TOP_K -> kind + " of " + gradients.share();
      case POWERSGD -> kind + " of rank " + gradients.rank();
      case LOCAL -> kind + " for " + gradients.localSteps() + " steps";
      default -> kind;
    };
  }

  private static Found train(SparkSession spark, DemoSettings demo, GradientSettings gradients, String target) {
    ClusterSettings two = new ClusterSettings(EXECUTORS, 60, 0, ClusterSettings.KernelChoice.BEST, "0", 10);
    PretrainConfig config = PretrainConfig.of(target + "/data", target + "/" + gradients.kind()).withModel(demo.model())
        .withTrain(demo.train()).withOptimizer(demo.optimizer()).withSchedule(demo.schedule().withWarmupSteps(
            Math.min(demo.schedule().warmupSteps(), demo.train().steps() / 10)))
        .withCluster(two).withGradients(gradients);
    double[] sent = new double[1];
    PretrainResult result = PretrainJob.run(spark, config, line -> {
      Matcher found = SENT.matcher(line);
      if (found.find()) sent[0] += Double.parseDouble(found.group(1));
    });
    System.out
        .println(name(gradients) + ": held-out loss " + result.validationLoss() + ", " + sent[0] / result.steps()
            + " MB a step, "
            + result.tokensPerSecond() + " tokens/s");
    return new Found(result.validationLoss(), sent[0] / result.steps());
  }

  /** Executors of one core, with this process's class path. */
  private static SparkSession session() {
    String flags = String.join(" ", ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> !flag.startsWith("-Xmx") && !flag.startsWith("-Dbench")).toList());
    return SparkSession.builder().master("local-cluster[" + EXECUTORS + ",1,1024]").appName("narrow")
        .config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1").config("spark.executor.memory", "1g")
        .config("spark.executor.extraClassPath", System.getProperty("java.class.path"))
        .config("spark.executor.extraJavaOptions", flags)
        .config("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s")
        .config("spark.scheduler.minRegisteredResourcesRatio", "1.0").getOrCreate();
  }
}
