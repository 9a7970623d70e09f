package dev.kindling.data.job;

import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.Tokenizer;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.ChecksumException;
import org.apache.hadoop.fs.Path;

/**
 * The files of a dataset, held to what {@code dataset.json} says of them.
 *
 * @param conf where paths are resolved
 * @param folder of the dataset
 * @param info its newest version: it lists the shards of all
 */
public record DatasetFiles(Configuration conf, Path folder, DatasetInfo info) {
  private static final String MEND = "put it back, or run prep again into another folder";

  /** The shards of both parts. */
  public List<DatasetInfo.Shard> shards() {
    return Stream.of(info.training(), info.heldOut()).flatMap(part -> part.shards().stream()).toList();
  }

  public long bytes() {
    return shards().stream().mapToLong(DatasetInfo.Shard::bytes).sum();
  }

  /** Looks for all shards without reading them. @return a line for each that is missing or has another size */
  public List<String> wrongSizes() {
    List<String> damage = new ArrayList<>();
    for (DatasetInfo.Shard shard : shards()) {
      try {
        PackedDataset.verifySize(conf, new Path(folder, shard.file()), shard.bytes());
      } catch (UserError e) {
        damage.add(e.getMessage());
      }
    }
    return damage;
  }

  /** Reads every shard and the tokenizer. @return a line for each that is not what was written */
  public List<String> damage() {
    List<String> damage = wrongSizes();
    if (!damage.isEmpty()) return damage;
    for (DatasetInfo.Shard shard : shards()) compare(new Path(folder, shard.file()), shard.sha256(), damage);
    compare(new Path(folder, Tokenizer.FILE), info.tokenizer(), damage);
    return damage;
  }

  private void compare(Path file, String sha256, List<String> damage) {
    String found;
    try {
      found = Documents.sha256(conf, file.toString());
    } catch (FileNotFoundException e) {
      damage.add(file + " is missing; " + MEND);
      return;
    } catch (ChecksumException e) {                  // of the file system, before the hash is known
      damage.add(file + " is damaged: " + e.getMessage() + "; " + MEND);
      return;
    } catch (IOException e) {
      throw Storage.failed(file, e);
    }
    if (!found.equals(sha256))
      damage.add(file + " is damaged: its SHA-256 is " + found + ", " + DatasetInfo.FILE + " says " + sha256
          + "; " + MEND);
  }
}
