package dev.kindling.jobs.train;

import dev.kindling.jobs.transport.RankLostException;
import java.util.regex.Pattern;

/** A rank ended by an exception of its own: what it was, as far as the driver was told. */
final class RankFailedException extends RankLostException {
  private static final long serialVersionUID = 1L;
  private static final Pattern OF_A_STORE = Pattern.compile("(Caused by: )?(java\\.io\\.|\\S*(IO|Remote)Exception).*");
  private final String what;
  private final String stack;

  RankFailedException(DriverLine.Failure failure, Throwable fromSpark) {
    super("rank " + failure.rank() + " failed: " + failure.message(), fromSpark);
    this.what = failure.message();
    this.stack = failure.stack();
  }

  /** The exception's class and message, without the rank: which of them comes first is chance. */
  String what() {
    return what;
  }

  /** Whether a disk, a file system or a network had a part in it: that may pass. */
  boolean mayPass() {
    return stack.lines().anyMatch(line -> OF_A_STORE.matcher(line).matches());
  }

  /** As the rank printed it, its causes included. */
  String stack() {
    return stack;
  }
}
