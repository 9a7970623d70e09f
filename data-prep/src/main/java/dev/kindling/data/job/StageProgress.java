package dev.kindling.data.job;

import java.util.function.Consumer;
import org.apache.spark.SparkJobInfo;
import org.apache.spark.SparkStageInfo;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.JavaSparkStatusTracker;
import org.apache.spark.sql.SparkSession;

/** Says every ten seconds how far Spark has come with the jobs of this thread, how fast it is and how long it will take. */
final class StageProgress implements AutoCloseable {
  private static final long EVERY_MILLIS = 10_000;

  private final JavaSparkContext spark;
  private final String name;
  private final long bytes;
  private final Consumer<String> progress;
  private final String group;
  private final long start = System.nanoTime();
  private final Thread thread;

  private StageProgress(SparkSession session, String name, long bytes, Consumer<String> progress) {
    spark = JavaSparkContext.fromSparkContext(session.sparkContext());
    this.name = name;
    this.bytes = bytes;
    this.progress = progress;
    group = "kindling prep " + name + " " + System.nanoTime();
    thread = new Thread(this::report, group);
    thread.setDaemon(true);
  }

  /** @param bytes that are worked on, 0 where that is not known; @return what ends the reports when it is closed */
  static StageProgress watch(SparkSession session, String name, long bytes, Consumer<String> progress) {
    StageProgress watch = new StageProgress(session, name, bytes, progress);
    watch.spark.setJobGroup(watch.group, name);
    watch.thread.start();
    return watch;
  }

  private void report() {
    try {
      while (true) {
        Thread.sleep(EVERY_MILLIS);
        String line = line(done(), (System.nanoTime() - start) / 1e9);
        if (!line.isEmpty()) progress.accept(line);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();                       // closed
    } catch (RuntimeException e) {
      if (!spark.sc().isStopped()) throw e;                     // who stopped it knows
    }
  }

  /** The share of tasks that are done in the stages that run. */
  private double done() {
    JavaSparkStatusTracker tracker = spark.statusTracker();
    long tasks = 0;
    long done = 0;
    for (int id : tracker.getJobIdsForGroup(group)) {
      SparkJobInfo job = tracker.getJobInfo(id);
      if (job == null) continue;
      for (int stage : job.stageIds()) {
        SparkStageInfo info = tracker.getStageInfo(stage);
        if (info == null) continue;
        tasks += info.numTasks();
        done += info.numCompletedTasks();
      }
    }
    return tasks == 0 ? 0 : (double) done / tasks;
  }

  /** @param done share of the tasks, 0 to 1; @return empty where there is nothing to say yet */
  private String line(double done, double seconds) {
    if (done == 0) return "";
    String left = String.format("%.0f s left", seconds * (1 - done) / done);
    if (bytes == 0) return String.format("  %s: %.0f%%, %s", name, 100 * done, left);
    return String.format("  %s: %.0f%% of %,.0f MB, %.1f MB/s, %s", name, 100 * done, bytes / 1e6,
        done * bytes / 1e6 / seconds, left);
  }

  @Override
  public void close() {
    thread.interrupt();
    spark.clearJobGroup();
  }
}
