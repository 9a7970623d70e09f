package dev.kindling.jobs.command;

import dev.kindling.jobs.config.Configuration;
import dev.kindling.jobs.train.PretrainConfig;
import dev.kindling.jobs.train.PretrainJob;
import dev.kindling.jobs.train.PretrainResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.apache.spark.SparkConf;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Pre-training on Spark executors. */
@Command(name = "pretrain", header = "Pre-train a model on Spark executors", description = {"",
    "Trains on a dataset that prep wrote, one rank an executor; the weights are the same bits for any number of "
        + "executors. A run whose folder holds a checkpoint goes on from there.",
    ""}, footer = {"", "Examples:", "  kindling pretrain --data data/books --out runs/books --set train.steps=2000",
        "  kindling pretrain pretrain.yaml --master 'local-cluster[2,1,4096]'",
        "  kindling pretrain pretrain.yaml --master spark://host:7077 -- --executor-memory 8g --total-executor-cores 32",
        "  kindling pretrain pretrain.yaml          # again: resumes from the newest whole checkpoint", "",
        "Settings: dataset, run, and the sections",
        "  data         version (of the dataset; 0: the run's, the newest for a new run), weight, temperature, others: a list of",
        "               datasets to mix with it, each a folder, or dataset, weight, version",
        "  model        family (gpt2, llama, mistral, qwen2, qwen3, phi3, gemma2, mixtral, gpt-neox, bloom, bert, roberta,",
        "               distilbert, t5, t5-v1-1), layers, heads, keyValueHeads, width, headWidth, innerWidth, contextLength,",
        "               window, experts, expertsPerToken, positions, dropout, routerBalance, routerZLoss (mixtral); or from",
        "               (folder of a trained model to begin with) and dropout",
        "  objective    kind (auto: the family's, or the dataset's labels or pairs), maskedShare (bert and its kin), density,",
        "               meanSpan (t5)",
        "  train        steps, epochs, microBatch, accumulate, virtualRanks, seed, precision (auto, float32, bf16),",
        "               clipNorm, evaluateEvery, evaluationRows, logEvery, stopAfter, activationCheckpointing",
        "  optimizer    kind (muon, adamw, adafactor, lion, sgd), rate, adamwRate, momentum, nesterov, beta1, beta2, epsilon,",
        "               decay, groups: a list of names, roles (hidden-matrix, embedding, vector), rateFactor, decayFactor",
        "  schedule     shape (cosine, linear, polynomial, inverse-square-root, warmup-stable-decay, constant),",
        "               warmupSteps, decaySteps, floor, power, timescale",
        "  average      decay (0: no average of the weights is kept), evaluate",
        "  gradients    kind (exact, bf16, eight-bit, threshold, top-k, powersgd, local), threshold, share, rank,",
        "               localSteps, outerRate, outerMomentum",
        "  checkpoints  every, keepLast, keepEvery, keepBest, background",
        "  cluster      ranks, waitSeconds, minRanks, retries, kernels (best, plain), port, silenceSeconds, graceSeconds",
        "  profile      enabled",
        "  tracking     tensorboard, report, documentLoss (share of the steps), mlflow: uri (or",
        "               MLFLOW_TRACKING_URI), experiment, runName",
        "  watch        spikeWindow, spikeDeviations: which losses stand out; one that is no number ends the run",
        "Where nothing is said: a gpt2 of 4 layers, 4 heads and width 256 (4 million weights and what the vocabulary takes),",
        "1,000 steps of 8 sequences, muon at a rate of 5e-3 on a cosine, a checkpoint at the end"})
final class PretrainCommand implements Callable<Integer> {
  private static final int ENDED_BY_SIGNAL = 143;          // 128 and SIGTERM, as the JVM itself ends with

  @Mixin
  private VerbOptions options;

  @Option(names = "--data", paramLabel = "DIR", description = "The dataset that prep wrote (setting dataset).")
  private String dataset;

  @Option(names = "--out", paramLabel = "DIR", description = "The run's folder (setting run).")
  private String run;

  @Option(names = "--ranks", paramLabel = "N", description = "Executors that take part (setting cluster.ranks; 0: all).")
  private String ranks;

  @Option(names = "--profile", description = "Measure what the time goes to: a table at the end, and profile.json in the run's folder.")
  private boolean profile;

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    PrintWriter out = spec.commandLine().getOut();
    Configuration configuration = options.read(HadoopFiles.configuration())
        .option("--data", "dataset", dataset)
        .option("--out", "run", run)
        .option("--ranks", "cluster.ranks", ranks)
        .option("--profile", "profile.enabled", profile ? "true" : null);
    PretrainConfig config = configuration.as(PretrainConfig.class);
    configuration.located(() -> {
      PretrainJob.check(config, HadoopFiles.configuration());          // starting Spark takes its time
      return config;
    });
    PretrainJob.ahead(config, new SparkConf());
    try (Sessions.Opened spark = Sessions.open("pretrain")) {
      PretrainResult result = configuration.located(() -> PretrainJob.run(spark.session(), config, out::println));
      out.printf("%s: step %,d%s, loss %.4f, %s, weights %s%n", result.checkpoint(), result.steps(),
          result.finished() ? "" : " (stopped early; run again to go on)", result.trainingLoss(),
          result.tokens() == 0
              ? "already complete: nothing was left to do"
              : String.format(Locale.ROOT, "%,.0f tokens/s on %s", result.tokensPerSecond(),
                  result.ranks() == 1 ? "1 rank" : result.ranks() + " ranks"),
          result.weightsSha256());
      if (!Double.isNaN(result.validationLoss()) && result.saysTokens())
        out.printf("held-out perplexity %.2f%n", result.validationPerplexity());
      boolean asWished = result.finished() || result.steps() == config.train().stopAfter();
      return asWished ? 0 : ENDED_BY_SIGNAL;
    }
  }
}
