package dev.kindling.jobs.command;

import dev.kindling.jobs.train.Termination;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.apache.spark.sql.SparkSession;

/**
 * A verb whose user may end it (SIGTERM, Ctrl-C): it then says one line and nothing else, as what fails from there on fails because Spark
 * and the file systems are going. The JVM's exit code is that of the signal.
 */
final class Stoppable {
  private static final double PATIENCE_SECONDS = 5;

  private Stoppable() {
  }

  /** @param line that is said where the JVM is told to end meanwhile; @return the verb's exit code */
  static int run(PrintWriter err, String line, Callable<Integer> verb) throws Exception {
    try (Termination termination = Termination.during(PATIENCE_SECONDS, () -> stop(err, line))) {
      return verb.call();
    } catch (Exception e) {
      if (Termination.isUnderWay()) return Termination.EXIT_CODE;
      throw e;
    }
  }

  /** Jobs end before Spark does, whose threads would tell their stacks. */
  private static void stop(PrintWriter err, String line) {
    err.println("kindling: " + line);
    silenceThreads();
    try {
      if (SparkSession.getDefaultSession().isDefined())
        SparkSession.getDefaultSession().get().sparkContext().cancelAllJobs();
    } catch (IllegalStateException e) {
      // it was stopped meanwhile
    }
  }

  /** Scala's executors print a stack for every task that a pool of Spark's refuses once it is closing, past any logger. */
  private static void silenceThreads() {
    System.setErr(new PrintStream(OutputStream.nullOutputStream()));
  }
}
