package dev.kindling.jobs.train;

import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.ShardWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.apache.hadoop.conf.Configuration;

/** A dataset of made-up rows, written as prep writes them: each token follows from the one before, with a little noise. */
final class TinyDataset {
  static final int TIME = 16;
  static final int VOCABULARY = 61;
  private static final int ROWS_PER_GROUP = 4;

  private TinyDataset() {
  }

  /** @param rowsPerShard of every training shard but the last; @return the folder */
  static String write(Path folder, int rows, int rowsPerShard, int heldOutRows) throws IOException {
    return write(folder, rows, rowsPerShard, heldOutRows, TIME, VOCABULARY);
  }

  /** @param time tokens that a row is read as; @param vocabulary their number */
  static String write(Path folder, int rows, int rowsPerShard, int heldOutRows, int time, int vocabulary)
      throws IOException {
    return write(folder, rows, rowsPerShard, heldOutRows, new Shape(time, vocabulary, false));
  }

  private static String write(Path folder, int rows, int rowsPerShard, int heldOutRows, Shape shape)
      throws IOException {
    DatasetInfo.Part training = part(folder, "training", rows, rowsPerShard, 1, shape);
    DatasetInfo.Part heldOut = part(folder, "held-out", heldOutRows, Math.max(1, heldOutRows), 2, shape);
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
    Files.writeString(folder.resolve(DatasetInfo.FILE),
        new DatasetInfo(DatasetInfo.FORMAT, DatasetInfo.VERSION, "rows " + rows, shape.time, shape.vocabulary, 0,
            "none",
            new DatasetInfo.Inputs(1, 1, "none"), Map.of(), training, heldOut).toJson());
    return folder.toString();
  }

  /** Every row is a document of its own. */
  static String writeNamed(Path folder, int rows) throws IOException {
    return write(folder, rows, rows, 0, new Shape(TIME, VOCABULARY, true));
  }

  private record Shape(int time, int vocabulary, boolean named) {
    List<PackedRow.Span> spans(int row) {
      return named ? List.of(new PackedRow.Span("document " + row, 0, time + 1, 0)) : List.of();
    }
  }

  private static DatasetInfo.Part part(Path folder, String name, int rows, int rowsPerShard, long seed, Shape shape)
      throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    List<DatasetInfo.Shard> shards = new ArrayList<>();
    for (int from = 0; from < rows; from += rowsPerShard) {
      int count = Math.min(rowsPerShard, rows - from);
      Path file = folder.resolve(name + "-" + shards.size() + ".parquet");
      Files.createDirectories(folder);
      try (ShardWriter out = ShardWriter.create(new Configuration(), new org.apache.hadoop.fs.Path(file.toString()),
          ROWS_PER_GROUP)) {
        for (int r = from; r < from + count; r++)
          out.write(new PackedRow(r, targets(r, rows, shape), tokens(random, shape), shape.spans(r)));
      }
      shards.add(new DatasetInfo.Shard(file.getFileName().toString(), count, Files.size(file), "none"));
    }
    long targets = 0;
    for (int r = 0; r < rows; r++) targets += targets(r, rows, shape);
    return new DatasetInfo.Part(1, targets, targets, rows, rowsPerShard, ROWS_PER_GROUP, shards);
  }

  /** The last row is not full. */
  private static int targets(int row, int rows, Shape shape) {
    return row == rows - 1 ? shape.time - 5 : shape.time;
  }

  private static int[] tokens(SplittableRandom random, Shape shape) {
    int vocabulary = shape.vocabulary;
    int[] tokens = new int[shape.time + 1];
    tokens[0] = random.nextInt(vocabulary);
    for (int i = 1; i < tokens.length; i++) {
      tokens[i] = random.nextInt(8) == 0 ? random.nextInt(vocabulary) : (tokens[i - 1] * 7 + 3) % vocabulary;
    }
    return tokens;
  }
}
