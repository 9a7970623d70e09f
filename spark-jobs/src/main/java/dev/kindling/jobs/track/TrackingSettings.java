package dev.kindling.jobs.track;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;

/**
 * Who is told of a run's steps, besides the terminal and the table in its folder.
 *
 * @param tensorboard whether event files are written into its folder
 * @param report whether its folder gets a {@code report.html} with curves
 * @param documentLoss share of the steps whose losses are kept by document, 0 to 1
 */
public record TrackingSettings(boolean tensorboard, boolean report, MlflowSettings mlflow, double documentLoss)
    implements
      Serializable {
  public TrackingSettings {
    require(documentLoss >= 0 && documentLoss <= 1, "tracking.documentLoss", documentLoss,
        "a share of the steps, 0 (none) to 1 (all)");
  }

  public static TrackingSettings defaults() {
    return new TrackingSettings(true, true, MlflowSettings.defaults(), 0);
  }
}
