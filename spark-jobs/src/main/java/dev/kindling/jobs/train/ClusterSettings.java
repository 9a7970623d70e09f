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
 * @param retries how often a run that lost an executor is submitted again, from its newest checkpoint
 * @param kernels BEST for the processor, or PLAIN Java
 * @param port that ranks listen on: {@code 0} for any free one, a port, or a range such as {@code 7400-7450}
 * @param silenceSeconds how long a peer may give no sign of life before it counts as lost
 */
public record ClusterSettings(int ranks, int waitSeconds, int retries, KernelChoice kernels, String port,
    double silenceSeconds) implements Serializable {
  public enum KernelChoice {
    BEST, PLAIN
  }

  public ClusterSettings {
    require(ranks >= 0, "cluster.ranks", ranks, "a number of executors, or 0 for all there are");
    require(waitSeconds >= 1, "cluster.waitSeconds", waitSeconds, "1 or more");
    require(retries >= 0, "cluster.retries", retries, "0 or more");
    PortRange.parse(port);
    require(silenceSeconds >= 1, "cluster.silenceSeconds", silenceSeconds, "1 or more, such as 20");
  }

  public static ClusterSettings defaults() {
    return new ClusterSettings(0, 45, 2, KernelChoice.BEST, "0", 20);
  }

  PortRange ports() {
    return PortRange.parse(port);
  }

  Duration silence() {
    return Duration.ofMillis(Math.round(silenceSeconds * 1000));
  }
}
