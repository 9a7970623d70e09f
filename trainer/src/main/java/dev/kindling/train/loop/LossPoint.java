package dev.kindling.train.loop;

import java.io.Serializable;

/**
 * One point of a run's curve.
 *
 * @param kind {@code train} (mean of one step's labels) or {@code validation} (mean of all held-out tokens)
 * @param loss in nats
 */
public record LossPoint(String kind, long step, double loss) implements Serializable {
  public static final String TRAIN = "train";
  public static final String VALIDATION = "validation";
}
