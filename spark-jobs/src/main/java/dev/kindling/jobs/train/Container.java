package dev.kindling.jobs.train;

import dev.kindling.checkpoint.UserError;
import java.util.Locale;
import org.apache.spark.SparkConf;

/**
 * What YARN or Kubernetes give a JVM executor, in MiB, by Spark's formula ({@code BasicExecutorFeatureStep},
 * {@code YarnAllocator}): memory + overhead + Spark's own off-heap memory. An executor that takes more is ended.
 *
 * @param heap {@code spark.executor.memory}
 * @param overhead {@code spark.executor.memoryOverhead}; where that is not set a tenth of the heap and at least 384 MiB
 * @param offHeap {@code spark.memory.offHeap.size} where that is enabled: Spark takes it for shuffles and SQL
 */
record Container(long heap, long overhead, long offHeap) {
  /** Whether the cluster ends executors that take more than they asked for. */
  static boolean isHeldTo(SparkConf conf) {
    String master = conf.get("spark.master", "");
    return master.startsWith("yarn") || master.startsWith("k8s");
  }

  /** @throws UserError where a setting is no size */
  static Container of(SparkConf conf) {
    long heap = mebibytes(conf, "spark.executor.memory", "1g");
    double factor = conf.getDouble("spark.executor.memoryOverheadFactor", 0.1);
    long usual = Math.max(mebibytes(conf, "spark.executor.minMemoryOverhead", "384m"), (long) (factor * heap));
    long overhead = mebibytes(conf, "spark.executor.memoryOverhead", usual + "m");
    boolean enabled = conf.getBoolean("spark.memory.offHeap.enabled", false);
    return new Container(heap, overhead, enabled ? conf.getSizeAsBytes("spark.memory.offHeap.size", "0") >> 20 : 0);
  }

  private static long mebibytes(SparkConf conf, String key, String usual) {
    try {
      return conf.getSizeAsMb(key, usual);
    } catch (NumberFormatException e) {
      throw new UserError(key + " is " + conf.get(key) + "; it must be a size, such as 4g or 512m", e);
    }
  }

  long total() {
    return heap + overhead + offHeap;
  }

  String describe() {
    return String.format(Locale.ROOT, "container %,d MiB: heap %,d, overhead %,d%s", total(), heap, overhead,
        offHeap > 0 ? String.format(Locale.ROOT, ", Spark's own off-heap memory %,d", offHeap) : "");
  }
}
