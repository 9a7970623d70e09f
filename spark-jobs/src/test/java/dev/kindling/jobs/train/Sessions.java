package dev.kindling.jobs.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.spark.sql.SparkSession;

/** Spark sessions for tests. */
public final class Sessions {
  private Sessions() {
  }

  /** Driver and executor in this process. */
  public static SparkSession local(int cores) {
    return builder("local[" + cores + "]").getOrCreate();
  }

  /** Real executors, each a process of its own with one core, whose class path is the test's. */
  public static SparkSession cluster(int executors) {
    return cluster(executors, "");
  }

  /** @param flags of the executors' JVMs, besides the usual ones */
  static SparkSession cluster(int executors, String flags) {
    try {
      Path home = Path.of(System.getenv("SPARK_HOME"));
      Files.createDirectories(home.resolve("jars"));
      if (!Files.exists(home.resolve("RELEASE"))) Files.createFile(home.resolve("RELEASE"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return builder("local-cluster[" + executors + ",1,1024]").config("spark.executor.memory", "1g")
        .config("spark.executor.extraClassPath",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")))
        .config("spark.executor.extraJavaOptions", System.getProperty("kindling.jvm.flags") + " " + flags)
        .getOrCreate();
  }

  static SparkSession.Builder builder(String master) {
    return SparkSession.builder().master(master).appName("test").config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.worker.ui.port", "0").config("spark.master.ui.port", "0")
        .config("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s")
        .config("spark.scheduler.minRegisteredResourcesRatio", "1.0");
  }
}
