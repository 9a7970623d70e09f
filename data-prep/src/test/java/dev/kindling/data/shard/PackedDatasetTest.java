package dev.kindling.data.shard;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.pack.PackedRow;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.hadoop.util.HadoopOutputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PackedDatasetTest {
  private static final Configuration CONF = new Configuration();
  private static final int TIME = 5;

  @TempDir
  Path folder;
  private final List<int[]> rows = new ArrayList<>();

  @BeforeEach
  void writeThreeShardsOfUnequalSize() throws IOException {
    SplittableRandom random = new SplittableRandom(1);
    List<DatasetInfo.Shard> shards = new ArrayList<>();
    for (int shard = 0; shard < 3; shard++) {
      Path file = folder.resolve("training/part-0000" + shard + ".parquet");
      int count = shard == 2 ? 4 : 10;
      try (ShardWriter writer = ShardWriter.create(CONF, hadoop(file), 3)) {
        for (int i = 0; i < count; i++) {
          rows.add(random.ints(TIME + 1, 0, 70_000).toArray());
          int targets = shard == 2 && i == 3 ? 2 : TIME;
          List<PackedRow.Span> spans = i % 2 == 0
              ? List.of()
              : List.of(new PackedRow.Span("d" + rows.size(), 0, 2, 7, 31), new PackedRow.Span("e", 2, 6, 0));
          writer.write(new PackedRow(rows.size() - 1, targets, rows.get(rows.size() - 1), spans));
        }
      }
      shards.add(new DatasetInfo.Shard("training/part-0000" + shard + ".parquet", count, Files.size(file), ""));
    }
    DatasetInfo.Part training = new DatasetInfo.Part(2, 115, 117, 24, 10, 3, shards);
    DatasetInfo.Part nothing = new DatasetInfo.Part(0, 0, 0, 0, 10, 3, List.of());
    DatasetInfo info = new DatasetInfo(DatasetInfo.FORMAT, 1, "f", TIME, 70_000, 0, "t",
        new DatasetInfo.Inputs(1, 1, "i"), Map.of(),
        training, nothing);
    Files.writeString(folder.resolve(DatasetInfo.FILE), info.toJson());
  }

  @Test
  void rowsComeInAnyOrderThroughACacheOfAnySize() {
    DatasetInfo info = DatasetInfo.read(CONF, hadoop(folder));
    for (long bytes : new long[]{0, 200, 1 << 20}) {
      PackedDataset dataset = PackedDataset.open(CONF, hadoop(folder), info, info.training(), bytes);
      SplittableRandom random = new SplittableRandom(2);
      for (int i = 0; i < 100; i++) {
        int row = random.nextInt(24);
        assertThat(dataset.tokens(row)).isEqualTo(rows.get(row));
        assertThat(dataset.targets(row)).isEqualTo(row == 23 ? 2 : TIME);
      }
    }
    assertThat(PackedDataset.openHeldOut(CONF, hadoop(folder)).rows()).isZero();
    assertThatThrownBy(() -> PackedDataset.open(CONF, hadoop(folder)).tokens(24))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void rowsMaySayWhichOfTheirTargetsCount() throws IOException {
    boolean[] some = {false, false, true, false, true, false};
    Path file = folder.resolve("masked/part-00000.parquet");
    try (ShardWriter writer = ShardWriter.createWithLearned(CONF, hadoop(file), 2)) {
      for (int i = 0; i < 3; i++)
        writer.write(new PackedRow(i, 4, rows.get(i), i == 1 ? some : null, List.of()));
    }
    DatasetInfo.Part part = new DatasetInfo.Part(1, 9, 10, 3, 3, 2,
        List.of(new DatasetInfo.Shard("masked/part-00000.parquet", 3, Files.size(file), "")));
    PackedDataset dataset = PackedDataset.open(CONF, hadoop(folder), DatasetInfo.read(CONF, hadoop(folder)), part, 0);
    assertThat(dataset.learned(1)).isEqualTo(some);
    for (int row : new int[]{0, 2})
      assertThat(dataset.learned(row)).containsExactly(false, true, true, true, true, false);
    for (int row = 0; row < 3; row++) assertThat(dataset.tokens(row)).isEqualTo(rows.get(row));
    assertThat(PackedDataset.open(CONF, hadoop(folder)).learned(23)).as("a file that says nothing of it")
        .containsExactly(false, true, true, false, false, false);
  }

  @Test
  void aRowIsToldWithItsFileAndDocuments() {
    PackedDataset dataset = PackedDataset.open(CONF, hadoop(folder));
    for (int row = 0; row < 24; row++) {
      List<String> documents = row % 2 == 0 ? List.of() : List.of("d" + (row + 1), "e");
      assertThat(dataset.documents(row)).isEqualTo(documents);
    }
    assertThat(dataset.describe(13)).isEqualTo("row 13 (training/part-00001.parquet row 3, documents d14, e)");
    Set<String> told = new HashSet<>(Set.of("d14"));
    assertThat(dataset.describe(13, told)).endsWith("row 3, documents e and one named before)");
    assertThat(dataset.describe(13, told)).endsWith("row 3, documents named before)");
    assertThat(dataset.describe(22)).isEqualTo("row 22 (training/part-00002.parquet row 2)");
  }

  @Test
  void whereInItsDocumentsARowStartsIsReadBack() {
    PackedDataset dataset = PackedDataset.open(CONF, hadoop(folder));
    assertThat(dataset.spans(13)).containsExactly(new PackedRow.Span("d14", 0, 2, 7, 31),
        new PackedRow.Span("e", 2, 6, 0, PackedRow.Span.UNKNOWN));
    assertThat(dataset.spans(12)).isEmpty();
    assertThatThrownBy(() -> dataset.spans(24)).isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void aShardFromBeforeCharactersWereToldIsReadWithoutThem() throws IOException {
    MessageType before = MessageTypeParser.parseMessageType(
        """
        message packed_row { required int64 row; required int32 targets;
          required group tokens (LIST) { repeated group list { required int32 element; } }
          required group spans (LIST) { repeated group list { required group element {
            required binary document (STRING); required int32 start; required int32 end; required int64 offset; } } } }""");
    Path shard = folder.resolve("old/training.parquet");
    try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(HadoopOutputFile.fromPath(hadoop(shard), CONF))
        .withType(before).build()) {
      Group row = new SimpleGroup(before).append("row", 0L).append("targets", 1);
      Group tokens = row.addGroup("tokens");
      for (int token : new int[]{7, 8}) tokens.addGroup("list").append("element", token);
      row.addGroup("spans").addGroup("list").addGroup("element").append("document", "a").append("start", 0)
          .append("end", 2).append("offset", 5L);
      writer.write(row);
    }
    DatasetInfo.Part part = new DatasetInfo.Part(1, 1, 1, 1, 1, 1,
        List.of(new DatasetInfo.Shard("training.parquet", 1, Files.size(shard), "")));
    DatasetInfo info = new DatasetInfo(DatasetInfo.FORMAT, 1, "f", 1, 70_000, 0, "t", new DatasetInfo.Inputs(1, 1, "i"),
        Map.of(), part, part);
    PackedDataset dataset = PackedDataset.open(CONF, hadoop(folder.resolve("old")), info, part, 0);
    assertThat(dataset.tokens(0)).containsExactly(7, 8);
    assertThat(dataset.spans(0)).containsExactly(new PackedRow.Span("a", 0, 2, 5));
  }

  @Test
  void aRowIsToldWithItsFileWhereItsDocumentsCannotBeRead() throws IOException {
    PackedDataset dataset = PackedDataset.open(CONF, hadoop(folder));
    Files.delete(folder.resolve("training/part-00001.parquet"));
    assertThat(dataset.describe(13)).isEqualTo("row 13 (training/part-00001.parquet row 3)");
  }

  /** A store to which no connection comes about. */
  public static final class Away extends LocalFileSystem {
    @Override
    public FSDataInputStream open(org.apache.hadoop.fs.Path path, int bufferSize) throws IOException {
      throw new ConnectException("connection refused");
    }
  }

  @Test
  void aStoreThatIsAwayIsNoDamage() {
    Configuration away = new Configuration();
    away.set("fs.file.impl", Away.class.getName());
    away.setBoolean("fs.file.impl.disable.cache", true);
    DatasetInfo info = DatasetInfo.read(CONF, hadoop(folder));
    PackedDataset dataset = PackedDataset.open(away, hadoop(folder), info, info.training(), 0);
    for (ThrowingCallable read : List.<ThrowingCallable>of(() -> dataset.tokens(13), () -> dataset.documents(13))) {
      assertThatThrownBy(read).isInstanceOf(UncheckedIOException.class).hasMessageContaining("cannot be read");
    }
  }

  @Test
  void aShardThatIsCutOffOrMissingIsRefusedByNameOnOpening() throws IOException {
    Path shard = folder.resolve("training/part-00001.parquet");
    byte[] whole = Files.readAllBytes(shard);
    Files.write(shard, Arrays.copyOf(whole, whole.length / 2));
    assertThatThrownBy(() -> PackedDataset.open(CONF, hadoop(folder))).isInstanceOf(UserError.class)
        .hasMessageContaining("part-00001.parquet is damaged").hasMessageContaining(whole.length / 2 + " bytes");
    Files.delete(shard);
    assertThatThrownBy(() -> PackedDataset.open(CONF, hadoop(folder))).isInstanceOf(UserError.class)
        .hasMessageContaining("part-00001.parquet is missing");
  }

  @Test
  void aShardWithChangedBytesIsRefusedByNameOnReadingOrReadsTheSame() throws IOException {
    Path shard = folder.resolve("training/part-00000.parquet");
    byte[] whole = Files.readAllBytes(shard);
    Files.deleteIfExists(folder.resolve("training/.part-00000.parquet.crc"));
    int refused = 0;
    for (int at = 0; at < whole.length; at += 29) {
      byte[] changed = whole.clone();
      changed[at] ^= 0x55;
      Files.write(shard, changed);
      PackedDataset dataset = PackedDataset.open(CONF, hadoop(folder));
      try {
        for (int row = 0; row < 10; row++) assertThat(dataset.tokens(row)).as("byte %d", at).isEqualTo(rows.get(row));
      } catch (UserError e) {
        assertThat(e).hasMessageContaining("part-00000.parquet is damaged");
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }

  @Test
  void aFolderWithoutADatasetIsRefused() throws IOException {
    Files.delete(folder.resolve(DatasetInfo.FILE));
    assertThatThrownBy(() -> PackedDataset.open(CONF, hadoop(folder))).isInstanceOf(UserError.class)
        .hasMessageContaining("there is no dataset in");
    Files.writeString(folder.resolve(DatasetInfo.FILE), "{\"format\": \"other\"}");
    Files.deleteIfExists(folder.resolve("." + DatasetInfo.FILE + ".crc"));
    assertThatThrownBy(() -> PackedDataset.open(CONF, hadoop(folder))).isInstanceOf(UserError.class)
        .hasMessageContaining("format other");
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "\"training\" : | \"trainer\" : | training is missing", "\"inputs\" : | \"input\" : | inputs is missing",
      "\"rowsPerShard\" : 10 | \"rowsPerShard\" : 0 | rowsPerShard is 0; it must be at least 1",
      "\"rowsPerGroup\" : 3 | \"rowsPerGroup\" : null | rowsPerGroup is 0; it must be at least 1",
      "\"sequenceLength\" : 5 | \"sequenceLength\" : 0 | sequenceLength is 0; it must be at least 1",
      "\"vocabularySize\" : 70000 | \"vocabularySize\" : 0 | vocabularySize is 0; it must be at least 1",
      "\"rows\" : 24 | \"rows\" : 25 | rows is 25; it must be the sum over the shards, 24",
      "\"shards\" : [ { | \"shards\" : [ null, { | a shard is missing"})
  void aFieldThatIsMissingOrNotAllowedIsRefusedByName(String field, String changed, String problem) throws IOException {
    Path file = folder.resolve(DatasetInfo.FILE);
    String json = Files.readString(file);
    assertThat(json).contains(field);
    Files.writeString(file, json.replaceFirst(Pattern.quote(field), Matcher.quoteReplacement(changed)));
    assertThatThrownBy(() -> DatasetInfo.read(CONF, hadoop(folder))).isInstanceOf(UserError.class)
        .hasMessageContaining("dataset.json is damaged: " + problem);
  }

  private static org.apache.hadoop.fs.Path hadoop(Path path) {
    return new org.apache.hadoop.fs.Path(path.toUri());
  }
}
