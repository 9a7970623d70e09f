package dev.kindling.jobs.track;

import java.io.Serializable;

/**
 * Who is told of a run's steps, besides the terminal and the table in its folder.
 *
 * @param tensorboard whether event files are written into its folder
 * @param report whether its folder gets a {@code report.html} with curves
 */
public record TrackingSettings(boolean tensorboard, boolean report, MlflowSettings mlflow) implements Serializable {
  public static TrackingSettings defaults() {
    return new TrackingSettings(true, true, MlflowSettings.defaults());
  }
}
