package dev.kindling.jobs.report;

import java.util.List;

/**
 * What a loss plot shows.
 *
 * @param train the run's own steps
 * @param heldOut measured now and then on text that the model does not learn from
 * @param baselines horizontal lines to beat
 */
public record LossCurve(List<Point> train, List<Point> heldOut, List<Baseline> baselines) {
  public LossCurve {
    train = List.copyOf(train);
    heldOut = List.copyOf(heldOut);
    baselines = List.copyOf(baselines);
  }

  /** @param loss in nats a token */
  public record Point(long step, double loss) {}

  /** @param loss in nats a token */
  public record Baseline(String name, double loss) {}
}
