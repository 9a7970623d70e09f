package dev.kindling.jobs.train;

import java.io.Serializable;

/**
 * Whether a run measures what its time goes to. It ends with a table, and leaves {@code profile.json} in the run's folder.
 *
 * @param enabled the option {@code --profile}
 */
public record ProfileSettings(boolean enabled) implements Serializable {
  public static ProfileSettings defaults() {
    return new ProfileSettings(false);
  }
}
