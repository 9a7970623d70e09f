package dev.kindling.jobs.train;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
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
    return cluster(executors, Map.of());
  }

  /**
   * Executors with the class path of a user's: every jar that a JVM has open keeps its directory on the heap, and those of tests are
   * as large as a tenth of what a rank has there.
   *
   * @param flags of the executors' JVMs, besides the usual ones
   */
  static SparkSession asOfUsers(int executors, String flags) throws IOException {
    Path jars = Path.of(System.getProperty("kindling.runtime.classpath"));
    String classPath = String.join(File.pathSeparator, jars.resolveSibling("test-classes").toString(),
        jars.resolveSibling("classes").toString(), Files.readString(jars).strip());
    return cluster(executors, Map.of("spark.executor.extraClassPath", classPath, "spark.executor.extraJavaOptions",
        System.getProperty("kindling.jvm.flags") + " " + flags));
  }

  /** The same with some settings of Spark's. */
  public static SparkSession cluster(int executors, Map<String, String> settings) {
    SparkSession.Builder builder = builder("local-cluster[" + executors + ",1,1024]");
    ofExecutors().forEach(builder::config);
    settings.forEach(builder::config);
    return builder.getOrCreate();
  }

  /** What executors need to run the classes under test; makes the Spark home that they are started from. */
  static Map<String, String> ofExecutors() {
    try {
      Path home = Path.of(System.getenv("SPARK_HOME"));
      Files.createDirectories(home.resolve("jars"));
      if (!Files.exists(home.resolve("RELEASE"))) Files.createFile(home.resolve("RELEASE"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Map.of("spark.executor.memory", "1g", "spark.executor.extraClassPath",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        "spark.executor.extraJavaOptions", System.getProperty("kindling.jvm.flags"));
  }

  static SparkSession.Builder builder(String master) {
    return SparkSession.builder().master(master).appName("test").config("spark.ui.enabled", "false")
        .config("spark.driver.host", "127.0.0.1").config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.worker.ui.port", "0").config("spark.master.ui.port", "0")
        .config("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s")
        .config("spark.scheduler.minRegisteredResourcesRatio", "1.0");
  }
}
