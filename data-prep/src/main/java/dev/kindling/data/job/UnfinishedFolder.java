package dev.kindling.data.job;

import dev.kindling.checkpoint.Storage;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A folder that prep, or the training of a tokenizer, has begun to fill: it was stopped, or is still at work.
 *
 * @param stages that are whole: the next run goes on with them
 */
public record UnfinishedFolder(List<String> stages) {

  /** @return empty where nothing was begun at the path */
  public static Optional<UnfinishedFolder> at(Configuration conf, Path folder) {
    Path below = new Path(folder, OutputFolder.UNFINISHED);
    FileSystem files = Storage.of(conf, below);
    if (!Storage.exists(files, below)) return Optional.empty();
    TreeSet<String> stages = new TreeSet<>();
    try {
      for (FileStatus run : files.listStatus(below)) {
        if (!run.isDirectory()) continue;
        for (FileStatus file : files.listStatus(run.getPath())) {
          String name = file.getPath().getName();
          if (name.endsWith(OutputFolder.STAGE))
            stages.add(name.substring(0, name.length() - OutputFolder.STAGE.length()));
        }
      }
    } catch (IOException e) {
      throw Storage.failed(below, e);
    }
    return Optional.of(new UnfinishedFolder(List.copyOf(stages)));
  }
}
