package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.jobs.transport.PortRange;
import java.io.Serializable;
import java.time.Duration;

/**
 * Where a run runs. Nothing here shows in its result, but for the kernels.
 *
 * @param ranks executors that take part; 0: all there are, and no more than the virtual ranks
 * @param waitSeconds how long executors are waited for
 * @param minRanks executors that a run goes on with after it has lost some; fewer are waited for
 * @param retries how often in a row, with no new checkpoint in between, a run that failed is submitted again
 * @param kernels BEST for the processor, or PLAIN Java
 * @param port that ranks listen on: {@code 0} for any free one, a port, or a range such as {@code 7400-7450}
 * @param silenceSeconds how long a rank may give no sign of life before it counts as lost; four times that before it has begun, and
 *   three times that for all peers together that it greets at its start
 * @param graceSeconds how long a driver that is told to end (SIGTERM) waits for the ranks' last checkpoint
 */
public record ClusterSettings(int ranks, int waitSeconds, int minRanks, int retries, KernelChoice kernels, String port,
    double silenceSeconds, double graceSeconds) implements Serializable {
  public enum KernelChoice {
    BEST, PLAIN
  }

  private static final int SLOWEST_START_SECONDS = 120;

  public ClusterSettings {
    require(ranks >= 0, "cluster.ranks", ranks, "a number of executors, or 0 for all there are");
    require(waitSeconds >= 1, "cluster.waitSeconds", waitSeconds, "1 or more");
    require(minRanks >= 1, "cluster.minRanks", minRanks, "1 or more");
    require(ranks == 0 || minRanks <= ranks, "cluster.minRanks", minRanks, "at most cluster.ranks, " + ranks);
    require(retries >= 0, "cluster.retries", retries, "0 or more");
    PortRange.parse(port);
    require(silenceSeconds >= 1, "cluster.silenceSeconds", silenceSeconds, "1 or more, such as 5");
    require(graceSeconds >= 0, "cluster.graceSeconds", graceSeconds, "a time, such as 25");
  }

  /** With the usual least number of ranks and time of grace. */
  public ClusterSettings(int ranks, int waitSeconds, int retries, KernelChoice kernels, String port,
      double silenceSeconds) {
    this(ranks, waitSeconds, 1, retries, kernels, port, silenceSeconds, 25);
  }

  ClusterSettings withMinRanks(int value) {
    return new ClusterSettings(ranks, waitSeconds, value, retries, kernels, port, silenceSeconds, graceSeconds);
  }

  public static ClusterSettings defaults() {
    return new ClusterSettings(0, 45, 2, KernelChoice.BEST, "0", 5);
  }

  PortRange ports() {
    return PortRange.parse(port);
  }

  /** How long all ranks of a stage may take to start: executors fetch the application's jar before a task does. */
  Duration start() {
    return Duration.ofSeconds(Math.max(SLOWEST_START_SECONDS, waitSeconds));
  }

  Duration silence() {
    return Duration.ofMillis(Math.round(silenceSeconds * 1000));
  }
}
