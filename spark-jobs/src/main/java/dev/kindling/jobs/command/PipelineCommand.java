package dev.kindling.jobs.command;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.config.Configuration;
import dev.kindling.jobs.config.SettingsFile;
import dev.kindling.jobs.pipeline.PipelineRun;
import dev.kindling.jobs.pipeline.PipelineSettings;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.hadoop.fs.Path;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Stages that follow one another. */
@Command(name = "pipeline", header = "Run stages in their order, and only what is not done yet", description = {"",
    "Reads a YAML file of stages, each a verb with its options. A stage comes after those whose output it reads, and after "
        + "those that it names. What ended well with the same command, settings and inputs is skipped, what was interrupted goes on. "
        + "A lock in the state folder keeps two schedulers from running it at once.",
    ""}, footer = {"", "A file, books.yaml:",
        "  state: pipelines/books        # lock and records, on any Hadoop file system",
        "  stages:", "    - name: data", "      run: prep --in books.jsonl --out data/books --set vocabularySize=8192",
        "    - name: model             # after data, as it reads what that writes",
        "      run: pretrain pretrain.yaml --data data/books --out runs/books", "    - name: score",
        "      run: evaluate --model runs/books --data data/books", "    - name: gguf",
        "      run: export gguf --model runs/books --out export/books.gguf --type Q8_0", "      after: [score]", "",
        "More of a stage: after (names), reads and writes (paths that its options and YAML file do not name).",
        "More of the file: lockSeconds (60) without a sign of life after which a lock is taken over.", "", "Examples:",
        "  kindling pipeline books.yaml --dry-run", "  kindling pipeline books.yaml",
        "  kindling pipeline books.yaml --master spark://host:7077 -- --executor-memory 8g", "",
        "Exit codes: 0 all is done; 4 another scheduler runs it; else that of the stage that failed."})
final class PipelineCommand implements Callable<Integer> {
  private static final int LARGEST_FILE = 1 << 20;

  @Parameters(paramLabel = "FILE", description = "The pipeline, on any Hadoop file system.")
  private String file;

  @Option(names = "--dry-run", description = "Say what would be done and why, and do nothing.")
  private boolean dry;

  @Spec
  private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    org.apache.hadoop.conf.Configuration conf = HadoopFiles.configuration();
    Path path = SettingsFile.path(file);
    String text = new String(Storage.readSmall(Storage.of(conf, path), path, LARGEST_FILE), StandardCharsets.UTF_8);
    Configuration configuration = Configuration.parse(file, text);
    PipelineSettings settings = configuration.as(PipelineSettings.class);
    Set<String> verbs = new LinkedHashSet<>(spec.root().subcommands().keySet());
    verbs.remove(spec.name());
    Consumer<String> told = line -> (line.startsWith("kindling: ") ? err : out).println(line);
    PipelineRun run = configuration.located(() -> PipelineRun.of(conf, path.getName().replaceAll("\\.ya?ml$", ""),
        settings, verbs, PipelineCommand::settingsFile, told));
    configuration.located(() -> {
      run.commands().forEach((stage, words) -> refuseMisuse(settings.keyOfRun(stage), stage, words));
      return run;
    });
    if (dry) {
      run.plan();
      return 0;
    }
    try (Sessions.Shared shared = Sessions.shared()) {
      return run.run((said, words) -> Kindling.run(new LineWriter(out, said).printer(),
          new LineWriter(err, said).printer(), words), cause());
    }
  }

  /** Who submitted it to YARN learns of the last line only; elsewhere the stage's own stands right above. */
  private static UnaryOperator<String> cause() {
    return VerbFailedException.isOfDriversInYarn() ? UnaryOperator.identity() : error -> "";
  }

  /** A command line that cannot be understood names none, and is refused after. */
  private static Optional<String> settingsFile(List<String> words) {
    try {
      CommandLine.ParseResult parsed = new CommandLine(new Kindling()).parseArgs(words.toArray(String[]::new));
      while (parsed.hasSubcommand()) parsed = parsed.subcommand();
      return parsed.matchedPositionals().stream().filter(each -> each.paramLabel().equals(VerbOptions.FILE))
          .map(each -> each.<String>getValue()).findFirst();
    } catch (CommandLine.ParameterException e) {
      return Optional.empty();
    }
  }

  /** An option that a verb has not is told before the first stage runs. */
  private static void refuseMisuse(String key, String stage, List<String> words) {
    try {
      new CommandLine(new Kindling()).parseArgs(words.toArray(String[]::new));
    } catch (CommandLine.ParameterException e) {
      throw new UserError(key + ": stage " + stage + ": " + String.join(" ", words) + ": "
          + Misuse.of(e).line(), e);
    }
  }
}
