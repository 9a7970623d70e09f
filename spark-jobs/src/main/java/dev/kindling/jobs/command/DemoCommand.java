package dev.kindling.jobs.command;

import dev.kindling.jobs.config.Configuration;
import dev.kindling.jobs.demo.Demo;
import dev.kindling.jobs.demo.DemoSettings;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The whole way on the bundled corpus. */
@Command(name = "demo", header = "The whole way in some minutes: raw text to a served model, on the bundled corpus", description = {
    "", "Tokenizer, Parquet shards, pre-training, perplexity against n-grams, samples, and exports for Hugging Face "
        + "and llama.cpp; ends with a summary and a report.html. Run again, it does only what is missing.",
    ""}, footer = {"", "Examples:", "  kindling demo", "  kindling demo --set train.steps=20 --out out/short",
        "  kindling demo --master 'local-cluster[2,1,4096]' --out out/two   # two executors, the same weights bit for bit",
        "",
        "Settings: out/demo/demo.yaml, which the demo writes, holds all of them"})
final class DemoCommand implements Callable<Integer> {
  @Mixin
  private VerbOptions options;

  @Option(names = "--out", paramLabel = "DIR", defaultValue = "out/demo", description = "Where all goes (default ${DEFAULT-VALUE}).")
  private String out;

  @Option(names = "--profile", description = "Measure the training's time: a table, and profile.json in the run's folder.")
  private boolean profile;

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    Configuration configuration = options.readOver(DemoSettings.FILE, DemoSettings.packaged(),
        HadoopFiles.configuration()).option("--profile", "profile.enabled", profile ? "true" : null);
    DemoSettings settings = configuration.as(DemoSettings.class);
    try (Sessions.Opened spark = Sessions.open("demo")) {
      configuration.located(() -> {
        try {
          return Demo.run(spark.session(), settings, new Path(out), spec.commandLine().getOut());
        } catch (IOException e) {
          throw new java.io.UncheckedIOException(e);
        }
      });
    }
    return 0;
  }
}
