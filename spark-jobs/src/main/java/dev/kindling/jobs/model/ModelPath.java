package dev.kindling.jobs.model;

import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** What a user may call a model: a folder that holds one, or a run's folder, whose newest whole checkpoint is meant. */
public final class ModelPath {
  private ModelPath() {
  }

  /** @return a folder with a {@code config.json}; @throws UserError where there is none */
  public static Path resolve(Configuration conf, String named) {
    Path path = new Path(named);
    FileSystem files = Storage.of(conf, path);
    if (!Storage.exists(files, path)) {
      throw new UserError("model " + named + " does not exist; give a folder with config.json, or a run's folder");
    }
    if (Storage.exists(files, new Path(path, ModelConfig.FILE))) return path;
    try {
      return new CheckpointStore(conf, path).newestWhole().map(Checkpoint::path).orElseThrow(() -> new UserError(
          "model " + named
              + " holds neither a config.json nor a whole checkpoint; give a model's folder or a run's folder"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
