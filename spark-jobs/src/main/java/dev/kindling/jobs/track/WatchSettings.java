package dev.kindling.jobs.track;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;

/**
 * Which losses stand out. A loss that is not a number ends a run always.
 *
 * @param spikeWindow steps that a loss is compared with; 0: spikes are not looked for
 * @param spikeDeviations robust standard deviations above their median from which on a loss is told
 */
public record WatchSettings(int spikeWindow, double spikeDeviations) implements Serializable {
  public WatchSettings {
    require(spikeWindow == 0 || spikeWindow >= 4, "watch.spikeWindow", spikeWindow, "4 or more steps, or 0 for none");
    require(spikeDeviations > 0, "watch.spikeDeviations", spikeDeviations, "a number above 0, such as 8");
  }

  public static WatchSettings defaults() {
    return new WatchSettings(128, 8);
  }
}
