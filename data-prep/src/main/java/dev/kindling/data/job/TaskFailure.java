package dev.kindling.data.job;

import dev.kindling.checkpoint.UserError;
import java.util.concurrent.Callable;

/** A user's mistake that a task met comes back from Spark wrapped in the story of the stage; here it is told plainly. */
final class TaskFailure {
  private TaskFailure() {
  }

  /** Runs Spark actions. @throws UserError where a task threw one */
  static <T> T unwrapped(Callable<T> actions) {
    try {
      return actions.call();
    } catch (Exception e) {
      for (Throwable cause = e; cause != null; cause = cause.getCause())
        if (cause instanceof UserError error) throw error;
      if (e instanceof RuntimeException unchecked) throw unchecked;
      throw new IllegalStateException("a Spark job of data preparation failed: " + e.getMessage(), e);
    }
  }
}
