package dev.kindling.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.FailingFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroup;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ParquetRecordsTest {
  private static final Configuration CONF = new Configuration();
  private static final MessageType BOOKS = MessageTypeParser.parseMessageType(
      "message books { optional int64 id; required group more { required int32 pages; } optional binary text (STRING); "
          + "optional binary shelf (STRING); }");

  @TempDir
  Path folder;

  @Test
  void rowsAreDocumentsWhateverPiecesTheFileIsReadIn() throws IOException {
    write("in.parquet", BOOKS, 600);
    List<CorpusRecord> whole = read(source("shelf"), Long.MAX_VALUE / 2);
    assertThat(whole).hasSize(600);
    assertThat(whole.get(0)).isEqualTo(new Document("in.parquet@0", "shelf 0", "in.parquet", 0, "text \u00E9 0"));
    assertThat(whole.get(599)).isEqualTo(new Document("599", "shelf 4", "in.parquet", 599, "text \u00E9 599"));
    assertThat(whole).extracting(CorpusRecord::position)
        .isEqualTo(IntStream.range(0, 600).mapToObj(Long::valueOf).toList());
    for (long bytes : new long[]{400, 5_000}) assertThat(read(source("shelf"), bytes)).isEqualTo(whole);
    assertThat(read(source(""), 1 << 20)).extracting(CorpusRecord::source).containsOnly("corpus");
  }

  @Test
  void aRowWithoutTextIsNamedByItsNumber() throws IOException {
    try (ParquetWriter<Group> out = writer("in.parquet", BOOKS)) {
      out.write(row(1));
      Group bare = new SimpleGroup(BOOKS);
      bare.addGroup("more").append("pages", 3);
      out.write(bare);
    }
    List<CorpusRecord> records = read(source(""), 1 << 20);
    assertThat(records.get(1))
        .isEqualTo(new Unreadable("corpus", "in.parquet", 1, "the column 'text' is null; it must hold a text", ""));
  }

  @Test
  void aFileOfAnotherSchemaOrNoParquetIsRefusedOnceAndByName() throws IOException {
    write("a.parquet", BOOKS, 3);
    MessageType other = MessageTypeParser.parseMessageType("message m { required binary body (STRING); }");
    try (ParquetWriter<Group> out = writer("b.parquet", other)) {
      for (int i = 0; i < 1_000; i++) {
        Group group = new SimpleGroup(other);
        group.add("body", "body " + i);
        out.write(group);
      }
    }
    MessageType number = MessageTypeParser.parseMessageType("message m { required int32 text; }");
    try (ParquetWriter<Group> out = writer("c.parquet", number)) {
      Group group = new SimpleGroup(number);
      group.add("text", 7);
      out.write(group);
    }
    Files.writeString(folder.resolve("d.parquet"), "this is no Parquet file at all, it is prose");
    List<CorpusRecord> records = read(source(""), 2_000);
    assertThat(records).extracting(CorpusRecord::file)
        .containsExactly("a.parquet", "a.parquet", "a.parquet", "b.parquet", "c.parquet", "d.parquet");
    assertThat(records.subList(3, 6)).extracting(record -> ((Unreadable) record).reason()).satisfiesExactly(
        reason -> assertThat(reason)
            .isEqualTo("the column 'text' is missing (there are body); name the right one with textField"),
        reason -> assertThat(reason).isEqualTo(
            "the column 'text' is required int32 text; it must hold strings; name the right one with textField"),
        reason -> assertThat(reason).startsWith("this is no Parquet file that can be read: "));
    assertThatThrownBy(() -> {
      CorpusPiece piece = CorpusPiece.cut(CONF, CorpusFile.list(CONF, source("")), CorpusFormat.PARQUET, 1 << 20)
          .get(1);
      try (CorpusReader reader = CorpusReader.open(CONF, source(""), piece)) {
        reader.documents().next();
      }
    }).isInstanceOf(UserError.class).hasMessageContaining("b.parquet, row 0: the column 'text' is missing");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void storageThatFailsIsAnErrorAndNeverARejectedRecord(boolean vectored) throws IOException {
    write("in.parquet", BOOKS, 600);
    long bytes = Files.size(folder.resolve("in.parquet"));
    CorpusSource remote = new CorpusSource(List.of("failing:" + folder), CorpusFormat.PARQUET, "text", "id");
    for (long from : new long[]{-1, 0, 100, bytes / 2, bytes - 300, bytes - 3}) {
      Configuration conf = FailingFiles.from(from);
      conf.setBoolean("parquet.hadoop.vectored.io.enabled", vectored);
      assertThatThrownBy(() -> read(conf, remote, 1 << 20)).as("from byte " + from).isInstanceOf(UserError.class)
          .hasMessageContaining("in.parquet cannot be read: ")
          .hasMessageContaining(from < 0 ? "Permission denied" : "Connection reset by peer");
      assertThat(FailingFiles.open()).isZero();
    }
    Configuration conf = FailingFiles.from(bytes);
    conf.setBoolean("parquet.hadoop.vectored.io.enabled", vectored);
    assertThat(read(conf, remote, 1 << 20)).isEqualTo(read(source(""), 1 << 20));
  }

  @Test
  void damagedDataEndTheFileWithOneRecordThatSaysSo() throws IOException {
    write("in.parquet", BOOKS, 600);
    Path file = folder.resolve("in.parquet");
    byte[] bytes = Files.readAllBytes(file);
    for (int i = 4; i < 60; i++) bytes[i] = -1;                   // the header of the first page
    Files.write(file, bytes);
    Files.delete(folder.resolve(".in.parquet.crc"));
    assertThat(read(source(""), 1 << 20)).singleElement().isInstanceOfSatisfying(Unreadable.class, record -> {
      assertThat(record.endsFile()).isTrue();
      assertThat(record.reason()).contains("its data are damaged");
    });
  }

  @Test
  void aValueOverTheBoundIsRefusedBeforeItIsDecoded() throws IOException {
    MessageType schema = MessageTypeParser.parseMessageType("message m { required binary text (STRING); }");
    byte[] value = new byte[(1 << 20) + 1];
    Arrays.fill(value, (byte) 0xFF);                             // decoding it would fail
    try (ParquetWriter<Group> out = writer("in.parquet", schema)) {
      Group group = new SimpleGroup(schema);
      group.add("text", Binary.fromConstantByteArray(value));
      out.write(group);
    }
    assertThat(((Unreadable) read(source(""), 1 << 20).get(0)).reason())
        .startsWith("the document has 1,048,577 bytes; maxDocumentBytes allows 1,048,576");
  }

  private CorpusSource source(String sourceField) {
    return new CorpusSource("corpus", List.of(folder.toString()), CorpusFormat.PARQUET,
        new CorpusSource.Fields("text", "id", sourceField), "", 1 << 20);
  }

  private void write(String name, MessageType schema, int rows) throws IOException {
    try (ParquetWriter<Group> out = writer(name, schema)) {
      for (int i = 0; i < rows; i++) out.write(row(i));
    }
  }

  private static Group row(int i) {
    Group row = new SimpleGroup(BOOKS);
    if (i > 0) row.add("id", (long) i);
    row.addGroup("more").append("pages", i);
    row.add("text", "text \u00E9 " + i);
    row.add("shelf", "shelf " + i % 5);
    return row;
  }

  private ParquetWriter<Group> writer(String name, MessageType schema) throws IOException {
    return ExampleParquetWriter.builder(new org.apache.hadoop.fs.Path(folder.resolve(name).toUri())).withConf(CONF)
        .withType(schema).withRowGroupSize(4_096L).withPageSize(512).build();
  }

  private static List<CorpusRecord> read(CorpusSource source, long pieceBytes) throws IOException {
    return read(CONF, source, pieceBytes);
  }

  private static List<CorpusRecord> read(Configuration conf, CorpusSource source, long pieceBytes) throws IOException {
    List<CorpusRecord> records = new ArrayList<>();
    for (CorpusPiece piece : CorpusPiece.cut(conf, CorpusFile.list(conf, source), source.format(), pieceBytes)) {
      try (CorpusReader reader = CorpusReader.open(conf, source, piece)) {
        reader.forEachRemaining(records::add);
      }
    }
    return records;
  }
}
