package dev.kindling.jobs.config;

import java.nio.file.Files;
import java.nio.file.Paths;
import org.apache.hadoop.fs.Path;

/** Where a file of settings is that a user names. */
public final class SettingsFile {
  private SettingsFile() {
  }

  /**
   * A name without a scheme is a local file where there is one, also under a Hadoop configuration that takes such names for
   * HDFS's. So is what {@code spark-submit --files} put into a driver's working directory.
   */
  public static Path path(String file) {
    return file.contains(":/") || !Files.isRegularFile(Paths.get(file))
        ? new Path(file)
        : new Path(Paths.get(file).toUri());
  }
}
