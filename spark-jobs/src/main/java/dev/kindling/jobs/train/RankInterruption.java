package dev.kindling.jobs.train;

import java.util.function.Consumer;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskInterruptListener;

/**
 * Tells a rank at once that Spark wants its task to end: a thread that waits for a peer would not notice. Spark 4.2 calls a
 * listener; older ones have none, and are asked several times a second.
 */
final class RankInterruption {
  private static final long ASK_MILLIS = 200;

  private RankInterruption() {
  }

  static void onInterrupt(TaskContext task, Consumer<String> stop) {
    try {
      task.addTaskInterruptListener((TaskInterruptListener) (context, reason) -> stop.accept(reason));
    } catch (LinkageError e) {                   // before Spark 4.2
      poll(task, stop);
    }
  }

  /** What is done where there is no listener. */
  static void poll(TaskContext task, Consumer<String> stop) {
    Thread thread = new Thread(() -> {
      try {
        while (!task.isInterrupted() && !task.isCompleted()) Thread.sleep(ASK_MILLIS);
      } catch (InterruptedException e) {
        return;
      }
      if (task.isInterrupted()) stop.accept("the task was killed");
    }, "kindling-interruption");
    thread.setDaemon(true);
    thread.start();
  }
}
