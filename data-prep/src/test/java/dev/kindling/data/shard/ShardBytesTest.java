package dev.kindling.data.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.data.SparkInTests;
import dev.kindling.data.pack.PackedRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.hadoop.util.HadoopInputFile;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardBytesTest {
  private static final Configuration CONF = new Configuration();
  private static final int ROWS = 200;
  private static final int TIME = 64;

  @TempDir
  Path folder;

  /** A process that writes the rows. */
  static final class Writing {
    private Writing() {
    }

    /** @param arguments the file; how many identity hashes to take before: they come in the same sequence in every process */
    public static void main(String[] arguments) throws IOException {
      int[] taken = new int[Integer.parseInt(arguments[1])];
      Arrays.setAll(taken, i -> new Object().hashCode());
      writeTo(Path.of(arguments[0]));
    }
  }

  private static List<PackedRow> rows() {
    SplittableRandom random = new SplittableRandom(1);
    List<PackedRow> rows = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      List<PackedRow.Span> spans = new ArrayList<>();
      spans.add(new PackedRow.Span("d" + i / 3, 0, 20, i % 3 * 20L, i % 3 * 90L));
      if (i % 4 > 0) spans.add(new PackedRow.Span("of its own " + i, 20, TIME + 1, 0));
      rows.add(new PackedRow(i, TIME, random.ints(TIME + 1, 0, 50_000).toArray(), spans));
    }
    return rows;
  }

  private static void writeTo(Path file) throws IOException {
    try (ShardWriter writer = ShardWriter.create(CONF, hadoop(file), 60)) {
      for (PackedRow row : rows()) writer.write(row);
    }
  }

  @Test
  void theSameRowsAreTheSameBytesInEveryProcess() throws Exception {
    Path here = folder.resolve("training.parquet");
    writeTo(here);
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) processes.add(writing(folder.resolve(i + ".parquet"), i));
    for (int i = 0; i < processes.size(); i++) {
      assertThat(processes.get(i).waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(processes.get(i).exitValue()).as(Files.readString(folder.resolve(i + ".parquet.log"))).isZero();
      assertThat(sha256(folder.resolve(i + ".parquet"))).isEqualTo(sha256(here));
    }
    assertIsRead(here);
  }

  private static Process writing(Path file, int hashes) throws IOException {
    String classes = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx128m",
        "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", classes, Writing.class.getName(), file.toString(),
        "" + hashes).redirectErrorStream(true).redirectOutput(Path.of(file + ".log").toFile()).start();
  }

  private void assertIsRead(Path file) throws IOException {
    List<PackedRow> rows = rows();
    DatasetInfo.Part part = new DatasetInfo.Part(1, 1, 1, ROWS, ROWS, 60,
        List.of(new DatasetInfo.Shard("training.parquet", ROWS, Files.size(file), "")));
    DatasetInfo info = new DatasetInfo(DatasetInfo.FORMAT, 1, "f", TIME, 50_000, 0, "t",
        new DatasetInfo.Inputs(1, 1, "i"), Collections.emptyMap(), part, part);
    PackedDataset dataset = PackedDataset.open(CONF, hadoop(folder), info, part, 0);
    List<Row> bySpark = SparkInTests.session().read().parquet(file.toString()).orderBy("row").collectAsList();
    assertThat(bySpark).hasSize(ROWS);
    for (int i = 0; i < ROWS; i++) {
      assertThat(dataset.tokens(i)).isEqualTo(rows.get(i).tokens());
      assertThat(dataset.spans(i)).isEqualTo(rows.get(i).spans());
      assertThat(bySpark.get(i).<Integer>getList(2)).isEqualTo(Arrays.stream(rows.get(i).tokens()).boxed().toList());
    }
  }

  @Test
  void aShardWhoseWritingFailedCannotBeOpened() throws IOException {
    Path file = folder.resolve("failed.parquet");
    List<PackedRow.Span> spans = Collections.singletonList(null);
    assertThatThrownBy(() -> {
      try (ShardWriter writer = ShardWriter.create(CONF, hadoop(file), 60)) {
        for (PackedRow row : rows()) writer.write(row);
        writer.write(new PackedRow(ROWS, TIME, new int[TIME + 1], spans));
      }
    }).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> ParquetFileReader.open(HadoopInputFile.fromPath(hadoop(file), CONF)).close())
        .isInstanceOf(RuntimeException.class);
  }

  private static String sha256(Path file) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
  }

  private static org.apache.hadoop.fs.Path hadoop(Path path) {
    return new org.apache.hadoop.fs.Path(path.toUri());
  }
}
