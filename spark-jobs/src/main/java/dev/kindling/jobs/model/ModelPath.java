package dev.kindling.jobs.model;

import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.Manifest;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.train.optim.AveragedWeights;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.function.Predicate;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** What a user may call a model: a folder that holds one, or a run's folder, whose newest whole checkpoint is meant. */
public final class ModelPath {
  private ModelPath() {
  }

  /**
   * Opens what {@link #resolve} finds.
   *
   * @param average whether the average of the weights is meant, which a run keeps where {@code average.decay} is set
   */
  public static ModelFolder open(Configuration conf, String named, boolean average) {
    if (!average) return ModelFolder.open(conf, resolve(conf, named));
    Path path = resolve(conf, named, file -> true);
    if (!Storage.exists(Storage.of(conf, path), new Path(path, Manifest.FILE))) {
      throw new UserError(
          "--average: model " + named + " is not of a run, and only runs keep an average of their weights");
    }
    return Checkpoint.read(conf, path).model(AveragedWeights.STATE);
  }

  /** Opens a folder that {@link #resolve} gives or has given: that is what looks at every byte, and once is enough. */
  public static ModelFolder openResolved(Configuration conf, Path folder) {
    return ModelFolder.open(conf, folder);
  }

  /**
   * A checkpoint has been held to the hashes of its manifest, a run's newest as a whole and a named one in all that a model is read
   * from: damage that no reader of the weights notices must not reach an export or a measurement. Call it once a command, as that
   * reads every byte.
   *
   * @return a folder with a {@code config.json}; @throws UserError where there is none, or a named checkpoint is damaged
   */
  public static Path resolve(Configuration conf, String named) {
    return resolve(conf, named, Checkpoint::isOfModel);
  }

  /** @param read the files of a named checkpoint that will be read */
  private static Path resolve(Configuration conf, String named, Predicate<String> read) {
    Path path = new Path(named);
    FileSystem files = Storage.of(conf, path);
    if (!Storage.exists(files, path)) {
      throw new UserError("model " + named + " does not exist; give a folder with config.json, or a run's folder");
    }
    if (Storage.isFile(files, path))
      throw new UserError(
          "model " + named + " is a file; give the folder that holds it, with its config.json, or a run's folder");
    if (isNamedCheckpoint(conf, path)) return whole(conf, path, read);
    if (Storage.exists(files, new Path(path, ModelConfig.FILE))) return path;
    try {
      return new CheckpointStore(conf, path).newestWhole().map(Checkpoint::path).orElseThrow(() -> new UserError(
          "model " + named
              + " holds neither a config.json nor a whole checkpoint; give a model's folder or a run's folder"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether the folder itself is a checkpoint, or what is left of one. */
  static boolean isNamedCheckpoint(Configuration conf, Path path) {
    return Storage.exists(Storage.of(conf, path), new Path(path, Manifest.FILE))
        || CheckpointStore.isUncommitted(conf, path);
  }

  /**
   * Looks at the manifest and at the files that will be read.
   *
   * @return the checkpoint that was named; @throws UserError where these are damaged, and what to name in its place
   */
  static Path whole(Configuration conf, Path named, Predicate<String> read) {
    boolean uncommitted = CheckpointStore.isUncommitted(conf, named);
    try {
      Checkpoint checkpoint = Checkpoint.read(conf, named);
      checkpoint.verify(read);
      return checkpoint.path();
    } catch (UserError damage) {
      throw new UserError(damage.getMessage() + "; " + others(named)
          + (uncommitted ? ", or rename this folder, if it is a model that you copied yourself" : ""), damage);
    }
  }

  /** What to name in the place of a damaged checkpoint. */
  private static String others(Path named) {
    Path parent = named.getParent(), run = parent == null || parent.toString().isEmpty() ? new Path(".") : parent;
    return CheckpointStore.isCheckpointName(named.getName())
        ? "name the run's folder, " + run + ", whose newest whole checkpoint is then taken, or another step that "
            + "kindling verify " + run + " calls whole"
        : "copy it again from its run, or name another model";
  }
}
