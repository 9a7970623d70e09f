package dev.kindling.jobs.train;

import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.transport.RankLostException;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Finds out why a stage failed: when one rank ends all do, and most of them know only that another did. */
public final class StageFailure {
  private static final Pattern CANCELLED = Pattern.compile("Job \\d+ (was )?cancelled");
  /** How Spark's reasons begin or end where an executor is gone: in a task, or before the stage could start. */
  private static final List<String> EXECUTOR_GONE = List.of("ExecutorLostFailure", "requires more slots");

  private StageFailure() {
  }

  /**
   * A {@link RankLostException}, after which a run is submitted again, where an executor is gone, a rank failed or a peer was
   * lost: not where no rank could start, where the user can mend it, or where the user stopped it.
   *
   * @param told what ranks said before they ended; @param fromSpark what Spark makes of it
   */
  public static RuntimeException of(List<DriverLine.Failure> told, Exception fromSpark) {
    Optional<DriverLine.Failure> mistake = first(told, DriverLine.Failure::userError);
    if (mistake.isPresent()) return new UserError(mistake.get().message(), fromSpark);
    if (fromSpark instanceof RankLostException missed) return missed;
    if (CANCELLED.matcher(firstLine(fromSpark)).find()) {
      return new UserError(
          "the run was stopped: " + firstLine(fromSpark) + "; run again to go on from what it has saved",
          fromSpark);
    }
    Optional<DriverLine.Failure> cause = first(told, f -> !f.peerLoss());
    if (cause.isPresent()) return new RankFailedException(cause.get(), fromSpark);
    if (told.isEmpty() && EXECUTOR_GONE.stream().noneMatch(String.valueOf(fromSpark.getMessage())::contains)) {
      return new IllegalStateException("no rank could start: " + firstLine(fromSpark), fromSpark);
    }
    String what = told.isEmpty() ? firstLine(fromSpark) : told.get(0).message();
    return new RankLostException("ranks were lost: " + what, fromSpark);
  }

  private static Optional<DriverLine.Failure> first(List<DriverLine.Failure> told,
      Predicate<DriverLine.Failure> which) {
    return told.stream().filter(which).findFirst();
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }
}
