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
import java.util.stream.IntStream;
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
    return write(folder, shards(rows, rowsPerShard), heldOutRows, shape, DatasetInfo.VERSION, null);
  }

  /** Training shards of so many rows, which may differ, as they do where documents were added. */
  static String writeShards(Path folder, int... rows) throws IOException {
    return write(folder, rows, 0, new Shape(TIME, VOCABULARY, false), DatasetInfo.APPENDED,
        new DatasetInfo.Append(2, "none", 1, 1));
  }

  private static String write(Path folder, int[] shards, int heldOutRows, Shape shape, int format,
      DatasetInfo.Append append) throws IOException {
    DatasetInfo.Part training = part(folder, "training", shards, 1, shape);
    DatasetInfo.Part heldOut = part(folder, "held-out", shards(heldOutRows, heldOutRows), 2, shape);
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
    DatasetInfo info = new DatasetInfo(DatasetInfo.FORMAT, format, "rows " + training.rows(), shape.time,
        shape.vocabulary, 0, "none", new DatasetInfo.Inputs(1, 1, "none"), Map.of(), training, heldOut, null, null,
        append, null, null);
    Files.writeString(folder.resolve(DatasetInfo.FILE), info.toJson());
    return folder.toString();
  }

  /** The rows of each. */
  private static int[] shards(int rows, int rowsPerShard) {
    return IntStream.iterate(0, from -> from < rows, from -> from + rowsPerShard)
        .map(from -> Math.min(rowsPerShard, rows - from)).toArray();
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

  private static DatasetInfo.Part part(Path folder, String name, int[] rowsOfShards, long seed, Shape shape)
      throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    int rows = IntStream.of(rowsOfShards).sum();
    List<DatasetInfo.Shard> shards = new ArrayList<>();
    int from = 0;
    for (int count : rowsOfShards) {
      Path file = folder.resolve(name + "-" + shards.size() + ".parquet");
      Files.createDirectories(folder);
      try (ShardWriter out = ShardWriter.create(new Configuration(), new org.apache.hadoop.fs.Path(file.toString()),
          ROWS_PER_GROUP)) {
        for (int r = from; r < from + count; r++)
          out.write(new PackedRow(r, targets(r, rows, shape), tokens(random, shape), shape.spans(r)));
      }
      shards.add(new DatasetInfo.Shard(file.getFileName().toString(), count, Files.size(file), "none"));
      from += count;
    }
    long targets = 0;
    for (int r = 0; r < rows; r++) targets += targets(r, rows, shape);
    int most = IntStream.of(rowsOfShards).max().orElse(1);
    return new DatasetInfo.Part(1, targets, targets, rows, most, ROWS_PER_GROUP, shards);
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
