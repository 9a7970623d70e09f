package dev.kindling.jobs.train;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.util.ShutdownHookManager;

/**
 * What happens when this JVM is told to end (SIGTERM, as schedulers send it before they kill; Ctrl-C) while work is under way:
 * it is asked to stop, and the JVM waits until it has, for a time of grace. This comes before Hadoop closes the file systems
 * and before Spark stops its context. The JVM's exit code is then {@value #EXIT_CODE}.
 */
public final class Termination implements AutoCloseable {
  /** Of a process that SIGTERM ended: 128 and the signal's number. */
  public static final int EXIT_CODE = 128 + 15;
  /** Spark's own hook, which stops the context, is at 30 above the file systems'. */
  private static final int PRIORITY = FileSystem.SHUTDOWN_HOOK_PRIORITY + 60;
  private static final long MARGIN_SECONDS = 5;
  private final CountDownLatch ended = new CountDownLatch(1);
  private final Runnable stop;
  private final Runnable late;
  private final long graceMillis;
  private final Runnable hook = this::terminate;
  private volatile boolean asked;

  private Termination(double graceSeconds, Runnable stop, Runnable late) {
    this.graceMillis = Math.round(graceSeconds * 1000);
    this.stop = stop;
    this.late = late;
  }

  /** Waits for the end of the work that {@code stop} asks to end, and no longer than {@code graceSeconds}. */
  public static Termination during(double graceSeconds, Runnable stop) {
    return during(graceSeconds, stop, () -> {});
  }

  /**
   * The same, for work whose user must know whether it ended well.
   *
   * @param graceSeconds that are waited for the end of the work
   * @param stop asks it to end
   * @param late is called where it has not ended by then
   */
  public static Termination during(double graceSeconds, Runnable stop, Runnable late) {
    Termination termination = new Termination(graceSeconds, stop, late);
    ShutdownHookManager.get().addShutdownHook(termination.hook, PRIORITY,
        TimeUnit.MILLISECONDS.toSeconds(termination.graceMillis) + MARGIN_SECONDS, TimeUnit.SECONDS);
    return termination;
  }

  /** Whether the JVM was told to end. */
  boolean asked() {
    return asked;
  }

  /** Whether this JVM is ending, by a signal or by itself. */
  public static boolean isUnderWay() {
    return ShutdownHookManager.get().isShutdownInProgress();
  }

  private void terminate() {
    asked = true;
    stop.run();
    try {
      if (!ended.await(graceMillis, TimeUnit.MILLISECONDS)) late.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The work has ended, one way or the other. */
  @Override
  public void close() {
    ended.countDown();
    try {
      ShutdownHookManager.get().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // it is running: the JVM ends
    }
  }
}
