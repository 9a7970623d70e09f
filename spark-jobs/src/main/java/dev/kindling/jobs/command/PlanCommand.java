package dev.kindling.jobs.command;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.jobs.config.Configuration;
import dev.kindling.jobs.train.PretrainConfig;
import dev.kindling.jobs.train.PretrainMemory;
import java.io.PrintWriter;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What a pre-training run would need, without running it. */
@Command(name = "plan", header = "Tell the memory that a pre-training run needs, and the Spark options for it", description = {
    "", "Takes the configuration of pretrain and trains nothing; the dataset must be there.", ""}, footer = {"",
        "Examples:", "  kindling plan pretrain.yaml --ranks 4 --threads 8",
        "  kindling plan --data data/books --set model.layers=12 --set model.width=768",
        "  kindling plan pretrain.yaml --executor-memory 4g --conf spark.executor.memoryOverhead=6g"})
final class PlanCommand implements Callable<Integer> {
  @Mixin
  private VerbOptions options;

  @Option(names = "--data", paramLabel = "DIR", description = "The dataset that prep wrote (setting dataset).")
  private String dataset;

  @Option(names = "--ranks", paramLabel = "N", description = "Executors (default: cluster.ranks, else 1).")
  private int ranks;

  @Option(names = "--threads", paramLabel = "N", description = "Cores of each executor (default: this machine's).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--executor-memory", paramLabel = "SIZE", description = "spark.executor.memory of executors to be tried, such as 4g.")
  private String executorMemory;

  @Option(names = "--conf", paramLabel = "KEY=VALUE", description = "Another setting of theirs; may be repeated.")
  private Map<String, String> conf = new TreeMap<>();

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() {
    require(ranks >= 0, "--ranks", ranks, "1 or more");
    require(threads >= 1, "--threads", threads, "1 or more");
    var hadoop = HadoopFiles.configuration();
    Configuration configuration = options.read(hadoop).option("--data", "dataset", dataset).option("plan", "run",
        "not-run");
    PretrainConfig config = configuration.as(PretrainConfig.class);
    PrintWriter out = spec.commandLine().getOut();
    Map<String, String> executors = new TreeMap<>(conf);
    if (executorMemory != null) executors.put("spark.executor.memory", executorMemory);
    configuration.located(() -> {
      PretrainMemory.tell(config, hadoop, ranks, threads, executors, out::println);
      return 0;
    });
    return 0;
  }
}
