package dev.kindling.data;

import org.apache.spark.sql.SparkSession;

/** One local session for all tests of the module: starting one takes seconds. */
public final class SparkInTests {
  private static SparkSession session;

  private SparkInTests() {
  }

  public static synchronized SparkSession session() {
    if (session == null) {
      session = SparkSession.builder().master("local[2]").appName("data-prep tests").config("spark.ui.enabled", "false")
          .config("spark.sql.shuffle.partitions", "3")
          .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1").getOrCreate();
      session.sparkContext().setLogLevel("OFF");
    }
    return session;
  }
}
