package dev.kindling.jobs.command;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.jobs.evaluate.Baselines;
import dev.kindling.jobs.evaluate.HeldOut;
import dev.kindling.jobs.evaluate.Measurement;
import dev.kindling.jobs.model.ModelPath;
import dev.kindling.jobs.model.TrainedModel;
import dev.kindling.train.tensor.Precision;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What a model is worth on held-out text. */
@Command(name = "evaluate", header = "Measure a model on the held-out rows of a dataset", description = {"",
    "A decoder by its perplexity; a classifier by its accuracy and loss on labelled texts, or the mean squared error of numbers; "
        + "one of words by its accuracy, loss and, of IOB2 labels, the precision, recall and F1 of whole entities; "
        + "an encoder of hidden words and a t5 by their perplexity on 15 of 100 tokens, hidden or cut out as in training; "
        + "a t5 on pairs by that of what is to be written.",
    ""}, footer = {"",
        "Examples:", "  kindling evaluate --model out/demo/run --data out/demo/data",
        "  kindling evaluate --model runs/books --data data/books --baselines",
        "  kindling evaluate --model runs/pairs --data data/pairs    # a classifier, on texts with labels"})
final class EvaluateCommand implements Callable<Integer> {
  private static final String LINE = "  %-18s %8.2f%n";

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "A model's folder, or a run's.")
  private String model;

  @Option(names = "--data", required = true, paramLabel = "DIR", description = "A dataset that prep wrote.")
  private String data;

  @Option(names = "--average", description = ExportCommand.AVERAGE)
  private boolean average;

  @Option(names = "--baselines", description = "Also train n-gram models on the dataset and measure them.")
  private boolean withBaselines;

  @Option(names = "--threads", paramLabel = "N", description = "Threads (default: one a core).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() {
    require(threads >= 1, "--threads", threads, "1 or more");
    Configuration conf = HadoopFiles.configuration();
    PrintWriter out = spec.commandLine().getOut();
    PackedDataset heldOut = PackedDataset.openHeldOut(conf, new Path(data));
    if (heldOut.rows() == 0)
      throw new UserError(
          "the dataset in " + data + " has no held-out rows, on which a model is measured: its heldOutPercent is "
              + heldOut.info().configuration().getOrDefault("heldOutPercent", "not known")
              + "; prepare it in a new folder with a larger one, such as "
              + "--set heldOutPercent=5");
    ModelFolder folder = ModelPath.open(conf, model, average);
    if (!(folder.config() instanceof DecoderConfig)) {
      measure(folder, heldOut, out);
      return 0;
    }
    try (TrainedModel trained = TrainedModel.open(folder, Precision.FLOAT32, threads)) {
      out.printf("perplexity on %,d held-out rows%n", heldOut.rows());
      out.printf(LINE, "model", HeldOut.perplexity(trained.model(), heldOut));
    }
    if (withBaselines) {
      Baselines baselines = Baselines.of(PackedDataset.open(conf, new Path(data)), heldOut);
      out.printf(LINE, "5-gram Kneser-Ney", baselines.fiveGram());
      out.printf(LINE, "bigram Kneser-Ney", baselines.bigram());
      out.printf(LINE, "unigram", baselines.unigram());
    }
    return 0;
  }

  /** An encoder or a T5. */
  private void measure(ModelFolder folder, PackedDataset heldOut, PrintWriter out) {
    try (folder) {
      if (withBaselines)
        throw new UserError("--baselines is given, and model " + model + " is a " + folder.config().family()
            + "; it must be left out: n-grams say next tokens, as decoders do");
      Measurement measured = Measurement.of(folder, heldOut, threads);
      out.println(measured.of());
      for (Measurement.Figure figure : measured.figures()) out.printf("  %-18s %8s%n", figure.name(), figure.value());
    }
  }
}
