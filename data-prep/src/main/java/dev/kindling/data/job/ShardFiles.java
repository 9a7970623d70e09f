package dev.kindling.data.job;

import dev.kindling.data.pack.RowAssembler;
import dev.kindling.data.pack.ShardCut;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.ShardColumns;
import dev.kindling.data.shard.ShardWriter;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/**
 * Writes the shards of a dataset, a task each. Every attempt of a task writes a file of its own; the driver gives the file of
 * the attempt that counted its name, so a second attempt that runs at the same time spoils nothing.
 */
final class ShardFiles {
  private static final String ATTEMPTS = "attempts";
  static final String TRAINING = "training";
  static final String HELD_OUT = "held-out";

  /** A shard that a task attempt finished. */
  private record Written(int shard, String path, long rows, long bytes, String sha256) implements Serializable {}

  /** Makes the rows of a shard. */
  @FunctionalInterface
  interface ShardRows<T> extends Serializable {
    /** @param cut of the shard's part; @param firstRow the number of the shard's first; @param given what the shard is made of, in order */
    void write(ShardCut cut, long firstRow, Iterator<Tuple2<ShardKey, T>> given, RowAssembler.Rows rows)
        throws IOException;
  }

  private final Path folder;
  private final ShardCut training;
  private final ShardCut heldOut;
  private final Broadcast<HadoopSettings> settings;
  private final First first;

  /** The numbers that the first rows get: how many rows the dataset that is added to has already. */
  record First(long training, long heldOut) implements Serializable {}

  ShardFiles(Path folder, ShardCut training, ShardCut heldOut, First first, Broadcast<HadoopSettings> settings) {
    this.first = first;
    this.folder = folder;
    this.training = training;
    this.heldOut = heldOut;
    this.settings = settings;
  }

  /**
   * @param given a partition a shard, those of training first
   * @param more what rows say besides their tokens
   * @return the shards in the same order; their files lie below the folder
   */
  <T> List<DatasetInfo.Shard> write(JavaPairRDD<ShardKey, T> given, ShardColumns more, ShardRows<T> made)
      throws IOException {
    int trainingShards = training.shards();
    if (trainingShards + heldOut.shards() == 0) return List.of();
    ShardCut ofTraining = training;
    ShardCut ofHeldOut = heldOut;
    First numbers = first;
    Broadcast<HadoopSettings> hadoop = settings;
    String attempts = new Path(folder, ATTEMPTS).toString();
    List<Written> written = given.mapPartitionsWithIndex((shard, partition) -> {
      boolean isTraining = shard < trainingShards;
      ShardCut cut = isTraining ? ofTraining : ofHeldOut;
      long firstRow = cut.firstRow(isTraining ? shard : shard - trainingShards);
      return List.of(writeShard(hadoop.value().conf(), attempts, shard, cut, firstRow,
          isTraining ? numbers.training() : numbers.heldOut(), more,
          rows -> made.write(cut, firstRow, partition, rows))).iterator();
    }, true).collect();
    FileSystem files = folder.getFileSystem(settings.value().conf());
    List<DatasetInfo.Shard> shards = new ArrayList<>();
    for (Written file : written) {
      String name = file.shard() < trainingShards
          ? name(TRAINING, file.shard())
          : name(HELD_OUT, file.shard() - trainingShards);
      Path target = new Path(folder, name);
      files.mkdirs(target.getParent());
      if (!files.rename(new Path(file.path()), target))
        throw new IOException("could not move " + file.path() + " to " + target);
      shards.add(new DatasetInfo.Shard(name, file.rows(), file.bytes(), file.sha256()));
    }
    return shards;
  }

  /** Writes rows to where they are told. */
  private interface Content {
    void writeTo(RowAssembler.Rows rows) throws IOException;
  }

  private static Written writeShard(Configuration conf, String folder, int shard, ShardCut cut, long firstRow,
      long firstNumber, ShardColumns more, Content content) throws IOException {
    Path file = new Path(folder,
        String.format(Locale.ROOT, "part-%05d.%d.parquet", shard, TaskContext.get().taskAttemptId()));
    try (ShardWriter writer = ShardWriter.create(conf, file, cut.rowsPerGroup(), more)) {
      content.writeTo(row -> writer.write(row.numbered(firstNumber + row.row())));
    }
    long rows = Math.min(cut.rowsPerShard(), cut.rows() - firstRow);
    long bytes = file.getFileSystem(conf).getFileStatus(file).getLen();
    return new Written(shard, file.toString(), rows, bytes, Documents.sha256(conf, file.toString()));
  }

  private static String name(String part, int shard) {
    return String.format(Locale.ROOT, "%s/part-%05d.parquet", part, shard);
  }
}
