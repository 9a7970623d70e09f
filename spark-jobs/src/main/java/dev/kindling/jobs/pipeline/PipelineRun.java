package dev.kindling.jobs.pipeline;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.config.NearestName;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.util.ShutdownHookManager;

/**
 * Runs the stages of a file, one after another. A stage is skipped where it ended well with the same command, settings and inputs and
 * what it writes is there; one that was interrupted is run again, and its verb goes on from what it finds. The first that fails ends the
 * pipeline with its exit code.
 */
public final class PipelineRun {
  /** Another scheduler runs the pipeline, or has taken it over. */
  public static final int HELD = 4;
  private static final int GRACE_SECONDS = 3;    // for the end of a verb, once the lock is lost
  private static final int PRIORITY = FileSystem.SHUTDOWN_HOOK_PRIORITY + 20;       // after a training has saved
  private final Configuration conf;
  private final String name;
  private final PipelineSettings settings;
  private final StageGraph graph;
  private final StageRecords records;
  private final Consumer<String> told;

  /** What runs a stage. */
  @FunctionalInterface
  public interface Verb {
    /** @param said is given each line; @param words a verb with its options; @return the exit code */
    int run(Consumer<String> said, String... words);
  }

  private PipelineRun(Configuration conf, String name, PipelineSettings settings, StageGraph graph,
      Consumer<String> told) {
    this.conf = conf;
    this.name = name;
    this.settings = settings;
    this.graph = graph;
    this.told = told;
    records = new StageRecords(conf, new Path(settings.state(), "stages"));
  }

  /**
   * @param name of the pipeline, for lines; @param verbs that there are; @param told is given lines for the user
   * @param files tells which of a verb's words is its settings file
   * @throws UserError where the file's stages do not make a pipeline
   */
  public static PipelineRun of(Configuration conf, String name, PipelineSettings settings, Set<String> verbs,
      Function<List<String>, Optional<String>> files, Consumer<String> told) {
    List<Stage> stages = settings.stages().stream().map(stage -> stage(settings, stage, conf, files)).toList();
    for (Stage stage : stages) {
      if (!verbs.contains(stage.verb())) {
        throw new UserError(settings.keyOfRun(stage.name()) + ": stage " + stage.name() + " runs " + stage.verb()
            + ", which is not a verb"
            + NearestName.of(stage.verb(), verbs).map(near -> "; did you mean " + near + "?").orElse("") + " (verbs: "
            + String.join(", ", verbs) + ")");
      }
    }
    return new PipelineRun(conf, name, settings, StageGraph.of(stages), told);
  }

  private static Stage stage(PipelineSettings all, PipelineSettings.StageSettings one, Configuration conf,
      Function<List<String>, Optional<String>> files) {
    try {
      return Stage.of(one, conf, files);
    } catch (UserError refused) {
      throw new UserError(all.keyOfRun(one.name()) + ": " + refused.getMessage(), refused);
    }
  }

  /** The command lines of the stages, by name, for checks. */
  public Map<String, List<String>> commands() {
    return graph.inOrder().stream()
        .collect(Collectors.toMap(Stage::name, Stage::words, (a, b) -> a, LinkedHashMap::new));
  }

  /** Says what {@link #run} would do, and does nothing. */
  public void plan() {
    Map<String, String> known = fingerprints();
    int width = graph.inOrder().stream().mapToInt(stage -> stage.name().length()).max().orElse(0);
    told.accept("pipeline " + name + ", state in " + settings.state());
    boolean stale = false;
    for (Stage stage : graph.inOrder()) {
      Optional<String> why = whyNot(stage, known.get(stage.name()));
      String after = String.join(", ", graph.needs().get(stage.name()));
      told.accept(String.format(Locale.ROOT, "  %-" + width + "s  %s  %s%s", stage.name(),
          why.isEmpty() ? "done  " : "to run", String.join(" ", stage.words()),
          (after.isEmpty() ? "" : "  [after " + after + "]") + why.map(w -> "  (" + w + ")").orElse("")));
      stale |= why.isPresent();
    }
    if (!stale) told.accept("nothing is to be done");
  }

  /**
   * Runs what is not done.
   *
   * @param cause what the last line repeats of a stage's error, which its verb has told already
   * @return 0, or the exit code of the stage that failed, or {@link #HELD}
   */
  public int run(Verb verb, UnaryOperator<String> cause) {
    Map<String, String> known = fingerprints();  // an input that is missing is told before anything is locked or run
    Thread here = Thread.currentThread();
    try (PipelineLock lock = PipelineLock.take(conf, new Path(settings.state(), "lock"),
        Duration.ofSeconds(settings.expirySeconds()), owner(), here::interrupt)) {
      Runnable release = lock::close;            // a JVM that is told to end gives it back when its training has saved
      ShutdownHookManager.get().addShutdownHook(release, PRIORITY);
      try {
        return runStages(verb, cause, known, lock);
      } finally {
        removeHook(release);
      }
    } catch (PipelineLock.HeldException e) {
      told.accept("kindling: " + e.getMessage());
      return HELD;
    } finally {
      Thread.interrupted();                      // of a lock that was lost: it was meant for the stage, which has ended
    }
  }

  private static void removeHook(Runnable release) {
    try {
      ShutdownHookManager.get().removeShutdownHook(release);
    } catch (IllegalStateException e) {
      // it is running: the JVM ends
    }
  }

  private int runStages(Verb verb, UnaryOperator<String> cause, Map<String, String> known, PipelineLock lock) {
    int number = 0;
    for (Stage stage : graph.inOrder()) {
      number++;
      String place = "[" + number + "/" + graph.inOrder().size() + "] " + stage.name();
      Optional<String> why = whyNot(stage, known.get(stage.name()));
      if (why.isEmpty()) {
        told.accept(place + ": done before");
        continue;
      }
      told.accept(place + ": " + String.join(" ", stage.words()) + " (" + why.get() + ")");
      LastLines said = new LastLines();
      int code = runStage(verb, stage, known.get(stage.name()), said, lock);
      if (lock.isLost()) return takenOver();
      if (code != 0) return failed(stage, code, cause.apply(said.error()));
    }
    return 0;
  }

  private int takenOver() {
    told.accept("kindling: the pipeline was taken over by another, as no sign of life could be given for "
        + settings.expirySeconds() + " s; it ends here");
    return HELD;
  }

  /** @param cause as the verb told it, or empty */
  private int failed(Stage stage, int code, String cause) {
    told.accept("kindling: stage " + stage.name() + " of pipeline " + name + " ended with exit code " + code
        + (cause.isEmpty() ? "" : " (" + cause + ")") + "; run the pipeline again to go on from there");
    return code;
  }

  private int runStage(Verb verb, Stage stage, String fingerprint, LastLines said, PipelineLock lock) {
    if (lock.isLost()) return HELD;
    long start = System.nanoTime();
    try {
      records.begun(stage, fingerprint);
      int code = apart(() -> verb.run(said::add, stage.words().toArray(String[]::new)), lock);
      if (!lock.isLost()) { records.ended(stage, fingerprint, code, (System.nanoTime() - start) / 1e9, said.lines()); }
      return code;
    } catch (IOException e) {
      throw Storage.failed(new Path(settings.state()), e);
    }
  }

  /** On a thread of its own: where the lock is lost, one that does not look at interrupts is left behind. */
  private static int apart(Callable<Integer> verb, PipelineLock lock) {
    FutureTask<Integer> task = new FutureTask<>(verb);
    Thread thread = new Thread(task, "kindling-stage");
    thread.setDaemon(true);
    thread.start();
    while (true) {
      try {
        return lock.isLost() ? task.get(GRACE_SECONDS, TimeUnit.SECONDS) : task.get();
      } catch (InterruptedException e) {
        thread.interrupt();
      } catch (TimeoutException e) {
        return HELD;
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Error error) throw error;
        throw (RuntimeException) e.getCause();   // a verb declares no other
      }
    }
  }

  private Map<String, String> fingerprints() {
    Fingerprint fingerprint = new Fingerprint(conf, graph);
    Map<String, String> known = new LinkedHashMap<>();
    for (Stage stage : graph.inOrder()) known.put(stage.name(), fingerprint.of(stage, known));
    return known;
  }

  /** Why a stage is to be run; nothing where it is done. */
  private Optional<String> whyNot(Stage stage, String fingerprint) {
    Optional<StageRecords.Before> before = records.of(stage);
    if (before.isEmpty()) return Optional.of("it has not ended yet");
    if (!before.get().fingerprint().equals(fingerprint)) {
      return Optional.of("its command, settings or inputs have changed");
    }
    if (before.get().exit() == StageRecords.UNDER_WAY) return Optional.of("it was interrupted");
    if (before.get().exit() != 0) return Optional.of("it ended with exit code " + before.get().exit());
    for (String written : stage.writes()) {
      Path path = new Path(written);
      if (!Storage.exists(Storage.of(conf, path), path)) return Optional.of(written + " is not there any more");
    }
    return Optional.empty();
  }

  private static String owner() {
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      host = "an unknown host";
    }
    return System.getProperty("user.name", "somebody") + " on " + host + ", process " + ProcessHandle.current().pid();
  }
}
