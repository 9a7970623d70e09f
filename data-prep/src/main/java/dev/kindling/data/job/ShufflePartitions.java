package dev.kindling.data.job;

import org.apache.spark.sql.SparkSession;

/**
 * Spark SQL's 200 partitions are many for a small corpus and few for a large one; the session's own number holds until it is known how
 * large the corpus is, and comes back at the end.
 */
final class ShufflePartitions implements AutoCloseable {
  private static final String SETTING = "spark.sql.shuffle.partitions";
  private static final long BYTES = 64L << 20;

  private final SparkSession session;
  private final String before;

  private ShufflePartitions(SparkSession session, String before) {
    this.session = session;
    this.before = before;
  }

  static ShufflePartitions of(SparkSession session) {
    return new ShufflePartitions(session, session.conf().get(SETTING));
  }

  /** For so many bytes of texts from now on; but what the user set stands. */
  void fit(long bytes) {
    if (!session.sparkContext().getConf().contains(SETTING))
      session.conf().set(SETTING, number(bytes, session.sparkContext().defaultParallelism()));
  }

  /** A partition for 64 MiB, at least one for each core. */
  static long number(long bytes, int cores) {
    return Math.min(Math.max(cores, bytes / BYTES), 100_000);
  }

  @Override
  public void close() {
    session.conf().set(SETTING, before);
  }
}
