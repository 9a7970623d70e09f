package dev.kindling.jobs.pipeline;

import static dev.kindling.checkpoint.UserError.require;

import java.util.List;
import java.util.Optional;

/**
 * A pipeline's file.
 *
 * @param state folder for its lock and for what is known of its stages, on any Hadoop file system
 * @param lockSeconds without a sign of life after which a lock is taken over; 60 where nothing is said
 */
public record PipelineSettings(String state, Optional<Integer> lockSeconds, List<StageSettings> stages) {
  private static final int LOCK_SECONDS = 60;

  public PipelineSettings {
    require(!state.isBlank(), "state", "empty", "a folder for the pipeline's lock and records");
    require(lockSeconds.orElse(LOCK_SECONDS) >= 2, "lockSeconds", lockSeconds.orElse(0), "2 or more seconds");
    require(!stages.isEmpty(), "stages", "empty", "a list of stages");
  }

  int expirySeconds() {
    return lockSeconds.orElse(LOCK_SECONDS);
  }

  /** The key of a stage's command line, with which what is told of it begins. */
  public String keyOfRun(String stage) {
    return "stages[" + stages.stream().map(StageSettings::name).toList().indexOf(stage) + "].run";
  }

  /**
   * One stage.
   *
   * @param run a verb with its options, as behind {@code kindling} on the command line
   * @param after stages that come before it, besides those whose output it reads
   * @param reads paths besides those that {@code run} names; @param writes the same
   */
  public record StageSettings(String name, String run, Optional<List<String>> after, Optional<List<String>> reads,
      Optional<List<String>> writes) {
    public StageSettings {
      require(name.matches("[A-Za-z0-9][A-Za-z0-9_.-]*"), "name", '"' + name + '"',
          "letters, digits, and - . _ between them");
      require(!run.isBlank(), "run", "empty", "a verb with its options, such as prep prep.yaml");
    }
  }
}
