package dev.kindling.jobs.command;

import dev.kindling.data.pack.PackedRow;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.shard.ShardWriter;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;

/**
 * Two steps of a tiny pre-training, from the command on: what a driver and a rank load before their first step. The launcher runs it
 * once after a build, in a JVM that archives the classes it has loaded (JEP 350), so that later ones start faster.
 */
public final class Rehearsal {
  private static final int TIME = 16;
  private static final int VOCABULARY = 64;
  private static final int ROWS = 32;

  private Rehearsal() {
  }

  /** @param args an empty folder to work in */
  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[0]).toAbsolutePath();
    Path data = folder.resolve("data");
    write(data);
    List<String> verb = new ArrayList<>(
        List.of("pretrain", "--data", data.toString(), "--out", folder.resolve("run").toString()));
    for (String setting : List.of("model.layers=1", "model.width=64", "train.microBatch=1", "train.virtualRanks=2",
        "train.steps=2", "train.logEvery=1")) {
      verb.addAll(List.of("--set", setting));
    }
    int code = Kindling.run(new PrintWriter(System.out, true), new PrintWriter(System.err, true),
        verb.toArray(String[]::new));
    if (code != 0) System.exit(code);
  }

  /** A dataset as prep writes it. */
  private static void write(Path folder) throws IOException {
    DatasetInfo.Part training = part(folder, "training", ROWS);
    DatasetInfo.Part heldOut = part(folder, "held-out", 1);
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
    Files.writeString(folder.resolve(DatasetInfo.FILE), new DatasetInfo(DatasetInfo.FORMAT, DatasetInfo.VERSION,
        "rehearsal", TIME, VOCABULARY, 0, "none", new DatasetInfo.Inputs(1, 1, "none"), Map.of(), training, heldOut)
        .toJson());
  }

  private static DatasetInfo.Part part(Path folder, String name, int rows) throws IOException {
    Path shard = Files.createDirectories(folder).resolve(name + "-0.parquet");
    try (
        ShardWriter out = ShardWriter.create(new Configuration(), new org.apache.hadoop.fs.Path(shard.toUri()), ROWS)) {
      int[] tokens = IntStream.rangeClosed(0, TIME).toArray();
      for (int row = 0; row < rows; row++) out.write(new PackedRow(row, TIME, tokens, List.of()));
    }
    return new DatasetInfo.Part(1, (long) rows * TIME, (long) rows * TIME, rows, rows, ROWS,
        List.of(new DatasetInfo.Shard(shard.getFileName().toString(), rows, Files.size(shard), "none")));
  }
}
