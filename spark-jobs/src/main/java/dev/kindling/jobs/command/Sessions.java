package dev.kindling.jobs.command;

import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/** The Spark session of a verb: what spark-submit was told, and what Kindling needs where nothing was said. */
final class Sessions {
  private static boolean kept;

  private Sessions() {
  }

  /** A verb's session; its end is the application's, unless verbs share one. */
  record Opened(SparkSession session) implements AutoCloseable {
    @Override
    public void close() {
      if (!kept) session.stop();
    }
  }

  /** From here on to its end all verbs of this process use one application: a cluster's driver can have no second. */
  record Shared() implements AutoCloseable {
    @Override
    public void close() {
      kept = false;
      if (SparkSession.getDefaultSession().isDefined()) SparkSession.getDefaultSession().get().stop();
    }
  }

  static Shared shared() {
    kept = true;
    return new Shared();
  }

  /** @param name shown in Spark's own pages; @return the session, to be closed by the caller */
  static Opened open(String name) {
    SparkConf conf = new SparkConf();
    conf.setIfMissing("spark.master", "local[*]");
    conf.setIfMissing("spark.app.name", "kindling " + name);
    // A barrier stage waits for its executors: ask often instead of every 15 s, and start when all have registered.
    conf.setIfMissing("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s");
    conf.setIfMissing("spark.scheduler.minRegisteredResourcesRatio", "1.0");
    conf.setIfMissing("spark.sql.session.timeZone", "UTC");
    return new Opened(SparkSession.builder().config(conf).getOrCreate());
  }
}
