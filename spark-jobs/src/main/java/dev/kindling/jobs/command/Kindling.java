package dev.kindling.jobs.command;

import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.train.RunGivenUpException;
import dev.kindling.jobs.train.Termination;
import java.io.PrintWriter;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParameterException;

/**
 * The command and the main class of the application jar: {@code spark-submit --class dev.kindling.jobs.command.Kindling
 * kindling.jar VERB ...}. Exit codes: 0 done; 1 a bug or a failure of the machine, with its stack; 2 what the
 * user can mend, in one line; 3 a run that lost executors too often and can go on, in one line; 4 a pipeline that another
 * scheduler runs, in one line; 143 ended by SIGTERM, saved.
 */
@Command(name = "kindling", header = "LLM training for the Spark cluster you already have", synopsisHeading = "%n", customSynopsis = "kindling VERB [CONFIG.yaml] [--set KEY=VALUE]... [--out DIR] [--master MASTER] [-- SPARK-SUBMIT OPTIONS]", description = {
    "", "The data's way, one verb a stage:", ""}, subcommands = {DemoCommand.class, TokenizerCommand.class,
        PrepCommand.class, PlanCommand.class, PretrainCommand.class, EvaluateCommand.class,
        GenerateCommand.class, PredictCommand.class, ImportCommand.class, ExportCommand.class, LineageCommand.class,
        InspectCommand.class, VerifyCommand.class,
        PipelineCommand.class}, versionProvider = Kindling.Version.class, footer = {"",
            "Start with:        kindling demo", "Help on a verb:    kindling VERB --help",
            "On a cluster:      kindling pretrain pretrain.yaml --master spark://host:7077 -- --executor-memory 8g"})
public final class Kindling implements Runnable {
  private static final int GIVEN_UP = 3;

  @CommandLine.Option(names = {"-h",
      "--help"}, usageHelp = true, scope = CommandLine.ScopeType.INHERIT, description = "Show this help.")
  private boolean help;

  @CommandLine.Option(names = {"-V", "--version"}, versionHelp = true, description = "Show the version.")
  private boolean version;

  @CommandLine.Spec
  private CommandLine.Model.CommandSpec spec;

  public static void main(String[] args) {
    LastLine err = new LastLine(System.err);
    int code = run(new PrintWriter(System.out, true), err, args);
    if (code == 0) return;
    if (VerbFailedException.isOfDriversInYarn()) throw new VerbFailedException(code, err.lastLine());
    System.exit(code);
  }

  /** Runs one verb in this process. @return the exit code */
  public static int run(PrintWriter out, PrintWriter err, String... args) {
    long jobs = Sessions.jobsBegun();
    CommandLine line = new CommandLine(new Kindling());
    line.setOut(out).setErr(err).setUsageHelpWidth(120);
    line.setParameterExceptionHandler((problem, given) -> misused(problem));
    line.setExecutionStrategy(parsed -> {
      EmptyPaths.refuse(parsed);
      return new CommandLine.RunLast().execute(parsed);
    });
    line.setExecutionExceptionHandler((failure, command, parsed) -> failed(failure, err,
        UnusablePath.told(failure, Sessions.jobsBegun() > jobs, command)));
    return line.execute(args);
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  private static int misused(ParameterException problem) {
    problem.getCommandLine().getErr().println("kindling: " + Misuse.of(problem).line());
    return CommandLine.ExitCode.USAGE;
  }

  /** @param place what is wrong with a path, if something is */
  private static int failed(Exception failure, PrintWriter err, Optional<String> place) {
    Optional<UserError> mistake = behind(failure, UserError.class);
    Optional<RunGivenUpException> givenUp = behind(failure, RunGivenUpException.class);
    if (mistake.isPresent() || givenUp.isPresent()) {
      String told = givenUp.isPresent() ? givenUp.get().getMessage() : mistake.get().getMessage();
      err.println("kindling: " + told.replaceAll("\\s*\\R\\s*", " "));
      return givenUp.isPresent() ? GIVEN_UP : CommandLine.ExitCode.USAGE;
    }
    if (Termination.isUnderWay()) return Termination.EXIT_CODE;   // Spark was stopped under the verb: that is no bug
    if (place.isPresent()) {
      err.println("kindling: " + place.get());
      return CommandLine.ExitCode.USAGE;
    }
    failure.printStackTrace(err);
    String log = System.getenv("KINDLING_LOG");
    if (log != null) err.println("kindling: the log is " + log);
    return CommandLine.ExitCode.SOFTWARE;
  }

  /** A mistake that showed in an executor arrives wrapped in Spark's own exceptions. */
  private static <E extends Throwable> Optional<E> behind(Throwable failure, Class<E> kind) {
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < 20; depth++) {
      if (kind.isInstance(cause)) return Optional.of(kind.cast(cause));
      cause = cause.getCause();
    }
    return Optional.empty();
  }

  /** The version that the jar's manifest names. */
  static final class Version implements CommandLine.IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Kindling.class.getPackage().getImplementationVersion();
      return new String[]{"kindling " + (version == null ? "(not from a jar)" : version)};
    }
  }
}
