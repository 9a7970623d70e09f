package dev.kindling.train.loop;

import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.shard.ShardColumns;
import dev.kindling.data.shard.ShardWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/** A dataset on disk whose stream of tokens is 0, 1, 2, ... modulo the vocabulary. */
public final class TinyDataset {
  private static final int TIME = 6;
  private static final int VOCABULARY = 31;

  private TinyDataset() {
  }

  /** @param targets tokens of the stream less one; the last row is filled up */
  public static PackedDataset write(Path folder, int targets, int rowsPerShard) throws IOException {
    int rows = (targets + TIME - 1) / TIME;
    List<DatasetInfo.Shard> shards = new ArrayList<>();
    for (int first = 0; first < rows; first += rowsPerShard) {
      String name = "part-" + shards.size() + ".parquet";
      Path file = folder.resolve(name);
      int last = Math.min(rows, first + rowsPerShard);
      try (ShardWriter out = ShardWriter.create(new Configuration(), new org.apache.hadoop.fs.Path(file.toUri()), 3)) {
        for (int row = first; row < last; row++) out.write(row(row, targets));
      }
      shards.add(new DatasetInfo.Shard(name, last - first, Files.size(file), "0".repeat(64)));
    }
    var part = new DatasetInfo.Part(1, targets - 1, targets, rows, rowsPerShard, 3, shards);
    var info = new DatasetInfo(DatasetInfo.FORMAT, DatasetInfo.VERSION, "f", TIME, VOCABULARY, 0, "t",
        new DatasetInfo.Inputs(1, 1, "i"), Map.of(), part, part);
    Files.writeString(folder.resolve(DatasetInfo.FILE), info.toJson());
    return PackedDataset.open(new Configuration(), new org.apache.hadoop.fs.Path(folder.toUri()));
  }

  /** A dataset of given rows of 6 inputs, in one shard. */
  static PackedDataset of(Path folder, List<PackedRow> rows) throws IOException {
    return of(folder, rows, ShardColumns.LEARNED);
  }

  static PackedDataset of(Path folder, List<PackedRow> rows, ShardColumns more) throws IOException {
    Path file = folder.resolve("rows.parquet");
    try (ShardWriter out = ShardWriter.create(new Configuration(), new org.apache.hadoop.fs.Path(file.toUri()), 3,
        more)) {
      for (PackedRow row : rows) out.write(row);
    }
    var part = new DatasetInfo.Part(1, 1, 2, rows.size(), rows.size(), 3,
        List.of(new DatasetInfo.Shard("rows.parquet", rows.size(), Files.size(file), "0".repeat(64))));
    var info = new DatasetInfo(DatasetInfo.FORMAT, DatasetInfo.VERSION, "f", TIME, VOCABULARY, 0, "t",
        new DatasetInfo.Inputs(1, 1, "i"), Map.of(), part, part);
    Files.writeString(folder.resolve(DatasetInfo.FILE), info.toJson());
    return PackedDataset.open(new Configuration(), new org.apache.hadoop.fs.Path(folder.toUri()));
  }

  private static PackedRow row(int row, int targets) {
    int counted = Math.min(TIME, targets - row * TIME);
    int[] tokens = new int[TIME + 1];
    for (int i = 0; i <= counted; i++) tokens[i] = (row * TIME + i) % VOCABULARY;
    return new PackedRow(row, counted, tokens, List.of(new PackedRow.Span("all", 0, counted + 1, row * (long) TIME)));
  }

  /** The stream that the rows were cut from. */
  public static int[] stream(int targets) {
    int[] tokens = new int[targets + 1];
    Arrays.setAll(tokens, i -> i % VOCABULARY);
    return tokens;
  }
}
