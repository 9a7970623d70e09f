package dev.kindling.jobs.train;

import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.transport.RankLostException;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Finds out why a stage failed: when one rank ends all do, and most of them know only that another did. */
final class StageFailure {
  private StageFailure() {
  }

  /** @param told what ranks said before they ended; @param fromSpark what Spark makes of it */
  static RuntimeException of(List<DriverLine.Failure> told, Exception fromSpark) {
    Optional<DriverLine.Failure> mistake = first(told, DriverLine.Failure::userError);
    if (mistake.isPresent()) return new UserError(mistake.get().message(), fromSpark);
    Optional<DriverLine.Failure> cause = first(told, f -> !f.peerLoss());
    if (cause.isPresent()) {
      return new IllegalStateException("rank " + cause.get().rank() + " failed: " + cause.get().message(), fromSpark);
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
