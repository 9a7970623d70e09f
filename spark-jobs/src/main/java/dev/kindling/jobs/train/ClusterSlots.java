package dev.kindling.jobs.train;

import dev.kindling.checkpoint.UserError;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;

/**
 * Where ranks can run: one in each executor, with all of its cores. In local mode that is one, in the driver itself.
 *
 * @param executors that are there; @param cores that a rank takes of each
 */
public record ClusterSlots(int executors, int cores) {
  private static final Pattern LOCAL_CLUSTER = Pattern.compile("local-cluster\\[\\s*(\\d+)\\s*,.*");
  private static final long STEADY_MILLIS = 3_000;
  private static final long ASK_MILLIS = 100;

  /**
   * Waits until the executors that are asked for have registered, and no longer than {@code seconds}.
   *
   * @param ranks wanted, or 0 for as many as there are
   * @throws UserError where there are fewer, with how many there are and what to change
   */
  public static ClusterSlots await(SparkContext spark, int ranks, int seconds) {
    SparkConf conf = spark.getConf();
    refuseDynamicAllocation(conf, spark.isLocal(), ranks);
    int expected = ranks > 0 ? ranks : announced(spark.master(), conf);
    List<Integer> cores = settled(new ExecutorPool(spark), expected, seconds);
    if (ranks > cores.size() || cores.isEmpty()) throw tooFew(spark, ranks, cores.size(), seconds);
    return of(cores);
  }

  /**
   * Takes what is left after a loss, at once where that is enough.
   *
   * @param least executors; they are waited for, but no longer than {@code seconds}
   * @throws RunGivenUpException where there are fewer even then
   */
  static ClusterSlots left(SparkContext spark, int least, int seconds) {
    List<Integer> cores = settled(new ExecutorPool(spark), least, seconds);
    if (cores.size() < least) {
      throw new RunGivenUpException("cluster.minRanks is " + least + "; " + seconds + " s after a loss there "
          + (cores.size() == 1 ? "is 1 executor" : "are " + cores.size() + " executors") + " on " + spark.master()
          + ": run again to go on from the newest checkpoint when there are more", null);
    }
    return of(cores);
  }

  /** Spark refuses barrier stages where executors come and go, late and in its own words. */
  static void refuseDynamicAllocation(SparkConf conf, boolean local, int ranks) {
    if (!local && conf.getBoolean("spark.dynamicAllocation.enabled", false)) {
      throw new UserError(
          "spark.dynamicAllocation.enabled is true; Spark runs the ranks of a training together (barrier stage) "
              + "with a fixed number of executors only: set spark.dynamicAllocation.enabled=false and spark.executor.instances="
              + (ranks > 0 ? ranks : "N"));
    }
  }

  /** How many executors the settings promise; 0 where they do not say. */
  private static int announced(String master, SparkConf conf) {
    Matcher localCluster = LOCAL_CLUSTER.matcher(master);
    return localCluster.matches()
        ? Integer.parseInt(localCluster.group(1))
        : conf.getInt("spark.executor.instances", 0);
  }

  /** The cores of each executor once there are as many as expected, or once no more come. */
  private static List<Integer> settled(ExecutorPool executors, int expected, int seconds) {
    long end = System.nanoTime() + seconds * 1_000_000_000L;
    List<Integer> cores = cores(executors);
    long steadySince = System.nanoTime();
    while (!executors.isLocal() && System.nanoTime() < end) {
      boolean steady = System.nanoTime() - steadySince > STEADY_MILLIS * 1_000_000;
      if (expected > 0 ? cores.size() >= expected : !cores.isEmpty() && steady) break;
      try {
        Thread.sleep(ASK_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted while waiting for executors", e);
      }
      List<Integer> now = cores(executors);
      if (now.size() != cores.size()) steadySince = System.nanoTime();
      cores = now;
    }
    return cores;
  }

  private static List<Integer> cores(ExecutorPool executors) {
    return executors.members().stream().map(ExecutorPool.Member::cores).toList();
  }

  private static UserError tooFew(SparkContext spark, int ranks, int executors, int seconds) {
    if (spark.isLocal()) {
      return new UserError(
          "ranks is " + ranks + "; master " + spark.master() + " runs everything in one process, which is 1 rank: "
              + "set ranks (--ranks) to 1, or use a cluster, such as --master 'local-cluster[" + ranks + ",1,4096]'");
    }
    SparkConf conf = spark.getConf();
    boolean standalone = spark.master().startsWith("spark://") || LOCAL_CLUSTER.matcher(spark.master()).matches();
    Optional<String> cores = Optional.of(conf.get("spark.executor.cores", standalone ? "" : "1"))
        .filter(c -> !c.isEmpty());
    return new UserError((ranks > 0 ? "ranks is " + ranks + "; " : "") + "after " + seconds + " s there "
        + (executors == 1
            ? "is 1 executor"
            : "are " + executors + " executors")
        + " on " + spark.master() + ": "
        + (executors > 0 ? "set ranks (--ranks) to " + executors + " or fewer, or " : "")
        + "get more executors, each of which wants spark.executor.memory " + conf.get("spark.executor.memory", "1g")
        + " and "
        + cores.map(c -> "spark.executor.cores " + c).orElse("all cores of a worker") + ": "
        + (standalone
            ? "workers that have as much free, a larger spark.cores.max or spark.executor.instances, or smaller executors"
            : "a larger spark.executor.instances, or smaller executors"));
  }

  private static ClusterSlots of(List<Integer> cores) {
    IntSummaryStatistics all = cores.stream().mapToInt(Integer::intValue).summaryStatistics();
    if (all.getMax() >= 2 * all.getMin() && cores.size() > 1) {
      throw new UserError(
          "executors have from " + all.getMin() + " to " + all.getMax() + " cores; a rank takes all cores of its "
              + "executor, so they must be alike: set spark.executor.cores");
    }
    return new ClusterSlots(cores.size(), all.getMin());
  }
}
