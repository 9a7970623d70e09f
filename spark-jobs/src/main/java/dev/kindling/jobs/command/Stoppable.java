package dev.kindling.jobs.command;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.sql.SparkSession;

/**
 * A verb whose user may end it (SIGTERM, Ctrl-C): it then says one line and nothing else, as what fails from there on fails because Spark
 * and the file systems are going. The JVM's exit code is that of the signal.
 */
final class Stoppable {
  static final int TERMINATED = 128 + 15;
  /** Before Spark's own hook, which is at 30 above the file systems'. */
  private static final int PRIORITY = FileSystem.SHUTDOWN_HOOK_PRIORITY + 60;
  private static final long PATIENCE_SECONDS = 5;

  private Stoppable() {
  }

  /** Whether this JVM is ending, by a signal or by itself. */
  static boolean isEnding() {
    return ShutdownHookManager.get().isShutdownInProgress();
  }

  /** @param line that is said where the JVM is told to end meanwhile; @return the verb's exit code */
  static int run(PrintWriter err, String line, Callable<Integer> verb) throws Exception {
    CountDownLatch ended = new CountDownLatch(1);
    Runnable hook = () -> stop(err, line, ended);
    ShutdownHookManager.get().addShutdownHook(hook, PRIORITY, 2 * PATIENCE_SECONDS, TimeUnit.SECONDS);
    try {
      return verb.call();
    } catch (Exception e) {
      if (isEnding()) return TERMINATED;
      throw e;
    } finally {
      ended.countDown();
      remove(hook);
    }
  }

  /** Jobs end before Spark does, whose threads would tell their stacks. */
  private static void stop(PrintWriter err, String line, CountDownLatch ended) {
    err.println("kindling: " + line);
    try {
      if (SparkSession.getDefaultSession().isDefined())
        SparkSession.getDefaultSession().get().sparkContext().cancelAllJobs();
      ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (IllegalStateException e) {
      // it was stopped meanwhile
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void remove(Runnable hook) {
    try {
      ShutdownHookManager.get().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // it is running: the JVM ends
    }
  }
}
