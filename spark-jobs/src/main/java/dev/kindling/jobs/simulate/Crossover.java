package dev.kindling.jobs.simulate;

/** Where one way of gradients becomes faster than another. */
public final class Crossover {
  private static final double SLOWEST = 1e4, FASTEST = 1e13;         // bytes a second
  private static final int HALVINGS = 60;

  private Crossover() {
  }

  /**
   * The gigabits a second of each executor's link below which a step is shorter with {@code narrow} than with {@code wide}.
   *
   * @return 0 where it never is, infinite where it always is
   */
  public static double gigabits(StepCosts costs, Cluster cluster, int virtualRanks, int accumulate, Scheme narrow,
      Scheme wide) {
    double low = SLOWEST, high = FASTEST;
    if (!shorter(costs, cluster.withLink(low), virtualRanks, accumulate, narrow, wide)) return 0;
    if (shorter(costs, cluster.withLink(high), virtualRanks, accumulate, narrow, wide)) return Double.POSITIVE_INFINITY;
    for (int i = 0; i < HALVINGS; i++) {
      double middle = Math.sqrt(low * high);
      if (shorter(costs, cluster.withLink(middle), virtualRanks, accumulate, narrow, wide)) low = middle;
      else high = middle;
    }
    return Cluster.gigabits(low);
  }

  private static boolean shorter(StepCosts costs, Cluster cluster, int virtualRanks, int accumulate, Scheme narrow,
      Scheme wide) {
    StepModel model = new StepModel(costs, cluster, virtualRanks, accumulate);
    return model.of(narrow).total() < model.of(wide).total();
  }
}
