package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import java.io.Serializable;

/**
 * What of the dataset a run reads.
 *
 * @param version of the dataset; 0: the one that the run began with, and the newest for a new run
 */
public record DataSettings(int version) implements Serializable {
  public DataSettings { require(version >= 0, "version", version, "a version of the dataset, or 0"); }

  public static DataSettings defaults() {
    return new DataSettings(0);
  }
}
