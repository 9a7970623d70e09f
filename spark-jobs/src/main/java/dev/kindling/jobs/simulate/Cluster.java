package dev.kindling.jobs.simulate;

/**
 * Executors that are alike, each a rank.
 *
 * @param cores of an executor; less than one where executors share a core
 * @param link bytes a second that an executor sends and, at the same time, receives
 * @param latency seconds from one to another
 */
public record Cluster(int executors, double cores, double link, double latency) {
  /** Of a link's bytes, what TCP carries: 1448 of the 1538 that a frame of Ethernet takes. */
  private static final double PAYLOAD = 1448.0 / 1538;
  private static final double GIGABIT = 1e9 / 8 * PAYLOAD;

  /** @param gigabits a second of an executor's own link */
  public static Cluster of(int executors, double cores, double gigabits, double latency) {
    return new Cluster(executors, cores, gigabits * GIGABIT, latency);
  }

  /** On one machine, where memory is the link and all executors share the machine's cores. */
  public static Cluster onOneMachine(int executors, int threads, int cores) {
    return new Cluster(executors, Math.min(threads, (double) cores / executors), Double.POSITIVE_INFINITY, 0);
  }

  Cluster withLink(double bytesPerSecond) {
    return new Cluster(executors, cores, bytesPerSecond, latency);
  }

  /** Gigabits a second of a link that carries so much. */
  static double gigabits(double bytesPerSecond) {
    return bytesPerSecond / GIGABIT;
  }
}
