package dev.kindling.data.job;

import org.apache.spark.sql.SparkSession;

/** Spark SQL's 200 partitions are many for a small corpus and few for a large one; the session's own number comes back at the end. */
final class ShufflePartitions implements AutoCloseable {
  private static final String SETTING = "spark.sql.shuffle.partitions";
  private static final long BYTES = 64L << 20;

  private final SparkSession session;
  private final String before;

  private ShufflePartitions(SparkSession session, String before) {
    this.session = session;
    this.before = before;
  }

  /** What the user set stands. */
  static ShufflePartitions of(SparkSession session, long bytes) {
    ShufflePartitions partitions = new ShufflePartitions(session, session.conf().get(SETTING));
    if (!session.sparkContext().getConf().contains(SETTING)) {
      long wanted = Math.max(session.sparkContext().defaultParallelism(), bytes / BYTES);
      session.conf().set(SETTING, Math.min(wanted, 100_000));
    }
    return partitions;
  }

  @Override
  public void close() {
    session.conf().set(SETTING, before);
  }
}
