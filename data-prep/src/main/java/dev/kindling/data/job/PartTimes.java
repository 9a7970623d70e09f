package dev.kindling.data.job;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import org.apache.spark.sql.SparkSession;

/** What a job's time goes to, part by part; who waits is told how far each is. */
final class PartTimes {
  private final SparkSession session;
  private final Consumer<String> progress;
  private final Map<String, Double> seconds = new LinkedHashMap<>();

  PartTimes(SparkSession session, Consumer<String> progress) {
    this.session = session;
    this.progress = progress;
  }

  /** Works, and counts the time. @param bytes that are worked on, about; 0 where that is not known */
  <T> T of(String part, long bytes, Callable<T> work) {
    long start = System.nanoTime();
    T result;
    try (StageProgress watch = StageProgress.watch(session, part, bytes, progress)) {
      result = TaskFailure.unwrapped(work);
    }
    seconds.merge(part, (System.nanoTime() - start) / 1e9, Double::sum);
    return result;
  }

  /** Of a part that has counted its own. */
  void took(String part, double time) {
    seconds.put(part, time);
  }

  /** By part, in the order of their beginnings. */
  Map<String, Double> seconds() {
    return seconds;
  }
}
