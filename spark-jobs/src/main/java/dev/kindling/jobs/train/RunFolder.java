package dev.kindling.jobs.train;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.Checkpoint;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.train.loop.TrainerState;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** The folder of a run's checkpoints, before an attempt begins in it. */
public record RunFolder(Configuration hadoop, Path path) {
  /** What a run reads, where that was written into its folder. */
  public static final String EXAMPLES = "examples";

  /** The settings that a run was started with. @param where they are written */
  public record Started(Map<String, String> identity, String where) {}

  /** What the newest checkpoint with a readable state says; empty for a new run. All of a run's say the same. */
  Optional<Started> started() throws IOException {
    for (Checkpoint checkpoint : new CheckpointStore(hadoop, path).committed()) {
      String where = checkpoint.path().toString();
      try {
        return Optional.of(new Started(TrainerState.fromJson(checkpoint.state(), where).identity(), where));
      } catch (UserError damaged) {
        // passed over here; the resume warns of it
      }
    }
    return Optional.empty();
  }

  /** A folder that holds something else is not written into. */
  public void refuseForeign() throws IOException {
    FileSystem files = Storage.of(hadoop, path);
    FileStatus[] there;
    try {
      if (files.getFileStatus(path).isFile()) {
        throw new UserError("run is " + path + ", which is a file; it must be a folder");
      }
      there = files.listStatus(path);
    } catch (FileNotFoundException e) {
      return;
    }
    String foreign = null;
    for (FileStatus f : there) {
      String name = f.getPath().getName();
      if (name.startsWith("attempt-")) return;   // a run of ours
      if (!name.endsWith(".yaml") && !name.startsWith("step-") && !name.equals(EXAMPLES)) foreign = name;
    }
    if (foreign != null) {
      throw new UserError(
          "run is " + path + ", which holds " + foreign
              + " and no run of Kindling's; it must be a new or empty folder, "
              + "or the folder of a run to go on with");
    }
  }
}
