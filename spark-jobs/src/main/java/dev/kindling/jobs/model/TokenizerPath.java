package dev.kindling.jobs.model;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.data.tokenizer.TokenizerConfig;
import java.io.IOException;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * What a user may call a tokenizer: a {@code tokenizer.json}, a folder that holds one, or a run's folder, of which that of the
 * newest checkpoint is meant that has it whole. Of a checkpoint only the manifest and the tokenizer's files are looked at: they are small.
 */
public final class TokenizerPath {
  private static final Set<String> FILES = Set.of(Tokenizer.FILE, TokenizerConfig.FILE);

  private TokenizerPath() {
  }

  /**
   * @return the {@code tokenizer.json}; what was named where there is none, for who reads it to refuse
   * @throws UserError where a checkpoint that would have it has it damaged
   */
  public static Path resolve(Configuration conf, String named) {
    require(!named.isBlank(), "tokenizer", "empty", "a " + Tokenizer.FILE + ", a folder with one or a run's folder");
    Path path = new Path(named);
    if (path.getName().endsWith(".json")) return path;
    FileSystem files = Storage.of(conf, path);
    if (Storage.isFile(files, path))
      throw new UserError(
          "tokenizer " + named + " is a file; name the " + Tokenizer.FILE + ", or a folder that holds one");
    Path file = new Path(path, Tokenizer.FILE);
    if (ModelPath.isNamedCheckpoint(conf, path))
      return new Path(ModelPath.whole(conf, path, FILES::contains), Tokenizer.FILE);
    if (Storage.exists(files, file)) return file;
    try {
      CheckpointStore run = new CheckpointStore(conf, path);
      if (run.folders().isEmpty()) return path;
      return run.newestWhole(FILES::contains).map(newest -> new Path(newest.path(), Tokenizer.FILE))
          .orElseThrow(() -> new UserError("no checkpoint of the run in " + named
              + " has its tokenizer whole; kindling verify " + named + " tells what is damaged"));
    } catch (IOException e) {
      throw Storage.failed(path, e);
    }
  }
}
