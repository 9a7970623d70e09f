package dev.kindling.jobs.command;

import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.SparkConf;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.sql.SparkSession;

/** The Spark session of a verb: what spark-submit was told, and what Kindling needs where nothing was said. */
final class Sessions {
  private static final AtomicLong JOBS = new AtomicLong();
  private static final SparkListener COUNT = new SparkListener() {
    @Override
    public void onJobStart(SparkListenerJobStart begun) {
      JOBS.incrementAndGet();
    }
  };
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

  /** Jobs that verbs of this process have begun, in all their sessions: more of them than before is work that was under way. */
  static long jobsBegun() {
    return JOBS.get();
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
    SparkSession session = SparkSession.builder().config(conf).getOrCreate();
    session.sparkContext().removeSparkListener(COUNT);         // of a session that verbs share
    session.sparkContext().addSparkListener(COUNT);
    return new Opened(session);
  }
}
