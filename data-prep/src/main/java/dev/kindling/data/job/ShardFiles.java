package dev.kindling.data.job;

import dev.kindling.data.pack.CharacterCount;
import dev.kindling.data.pack.RowAssembler;
import dev.kindling.data.pack.RowCut;
import dev.kindling.data.pack.ShardCut;
import dev.kindling.data.pack.StreamPiece;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.ShardWriter;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
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

  private final Path folder;
  private final ShardCut training;
  private final ShardCut heldOut;
  private final int endOfText;
  private final CharacterCount characters;
  private final First first;

  /** The numbers that the first rows get: how many rows the dataset that is added to has already. */
  record First(long training, long heldOut) implements Serializable {}

  ShardFiles(Path folder, ShardCut training, ShardCut heldOut, int endOfText, CharacterCount characters, First first) {
    this.first = first;
    this.folder = folder;
    this.training = training;
    this.heldOut = heldOut;
    this.endOfText = endOfText;
    this.characters = characters;
  }

  /** @return the shards, those of training first; their files lie below the folder */
  List<DatasetInfo.Shard> write(JavaPairRDD<ShardKey, StreamPiece> pieces, Broadcast<HadoopSettings> settings)
      throws IOException {
    int trainingShards = training.shards();
    if (trainingShards + heldOut.shards() == 0) return List.of();
    ShardCut ofTraining = training;
    ShardCut ofHeldOut = heldOut;
    First numbers = first;
    int end = endOfText;
    CharacterCount counts = characters;
    String attempts = new Path(folder, ATTEMPTS).toString();
    List<Written> written = pieces.mapPartitionsWithIndex((shard, partition) -> {
      boolean isTraining = shard < trainingShards;
      return List.of(writeShard(settings.value().conf(), attempts, shard, isTraining ? ofTraining : ofHeldOut,
          isTraining ? shard : shard - trainingShards, isTraining ? numbers.training() : numbers.heldOut(), end, counts,
          partition)).iterator();
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

  private static Written writeShard(Configuration conf, String folder, int shard, ShardCut cut, int shardOfPart,
      long firstNumber, int endOfText, CharacterCount characters,
      Iterator<Tuple2<ShardKey, StreamPiece>> pieces) throws IOException {
    Path file = new Path(folder, String.format("part-%05d.%d.parquet", shard, TaskContext.get().taskAttemptId()));
    long firstRow = cut.firstRow(shardOfPart);
    try (ShardWriter writer = ShardWriter.create(conf, file, cut.rowsPerGroup())) {
      RowAssembler rows = new RowAssembler(new RowCut(cut.sequenceLength()), endOfText, characters, firstRow,
          row -> writer.write(row.numbered(firstNumber + row.row())));
      while (pieces.hasNext()) rows.add(pieces.next()._2());
      rows.finish();
    }
    long rows = Math.min(cut.rowsPerShard(), cut.rows() - firstRow);
    long bytes = file.getFileSystem(conf).getFileStatus(file).getLen();
    return new Written(shard, file.toString(), rows, bytes, Documents.sha256(conf, file.toString()));
  }

  private static String name(String part, int shard) {
    return String.format("%s/part-%05d.parquet", part, shard);
  }
}
