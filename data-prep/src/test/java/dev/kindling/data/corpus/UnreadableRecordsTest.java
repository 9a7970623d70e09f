package dev.kindling.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import com.sun.management.ThreadMXBean;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.FailingFiles;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.BZip2Codec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnreadableRecordsTest {
  private static final Configuration CONF = new Configuration();
  private static final int BOUND = 1 << 20;

  @TempDir
  Path folder;

  @Test
  void badLinesComeOutWithPlaceReasonAndExcerptBetweenGoodOnes() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes("{\"text\":\"one\"}\n".getBytes(StandardCharsets.UTF_8));
    bytes.writeBytes(new byte[]{'{', '"', 't', (byte) 0xE9, '"', '}', '\n'});
    bytes.writeBytes("{\"txt\":\"three\"}\n{\"text\":\"four\"}\n".getBytes(StandardCharsets.UTF_8));
    Files.write(folder.resolve("in.jsonl"), bytes.toByteArray());
    for (long piece : new long[]{1, 9, 1 << 20}) {
      List<CorpusRecord> records = read(CorpusSource.jsonl(folder.toString()), piece);
      assertThat(records).extracting(CorpusRecord::position).containsExactly(0L, 15L, 22L, 38L);
      assertThat(records.get(0)).isInstanceOf(Document.class);
      assertThat((Unreadable) records.get(1)).extracting(Unreadable::reason, Unreadable::excerpt)
          .containsExactly("byte 4 of the line is not UTF-8; convert the file to UTF-8", "{\"t\uFFFD\"}");
      assertThat(((Unreadable) records.get(2)).reason()).contains("the field 'text' is missing (there are txt)");
      assertThat(((Document) records.get(3)).text()).isEqualTo("four");
    }
  }

  @Test
  void aLineOf200MegabytesIsRefusedWithoutHoldingIt() throws IOException {
    Path file = folder.resolve("in.jsonl.gz");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file), 1 << 16)) {
      out.write("{\"text\":\"before\"}\n{\"text\":\"".getBytes(StandardCharsets.UTF_8));
      byte[] letters = "a".repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
      for (int i = 0; i < 200; i++) out.write(letters);
      out.write("\"}\n{\"text\":\"after\"}\n".getBytes(StandardCharsets.UTF_8));
    }
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getThreadAllocatedBytes(Thread.currentThread().getId());
    List<CorpusRecord> records = read(bounded(CorpusFormat.JSONL, ""), 1 << 20);
    assertThat(threads.getThreadAllocatedBytes(Thread.currentThread().getId()) - before).isLessThan(80L << 20);
    assertThat(records).hasSize(3);
    long bytes = (200L << 20) + "{\"text\":\"\"}".length();
    assertThat(((Unreadable) records.get(1)).reason())
        .isEqualTo(String.format(
            "the document has %,d bytes; maxDocumentBytes allows 1,048,576; raise it, or cut the document",
            bytes));
    assertThat(((Unreadable) records.get(1)).excerpt()).startsWith("{\"text\":\"aaa").hasSize(1_000);
    assertThat(records.get(2)).isEqualTo(new Document("in.jsonl.gz@" + (18 + bytes + 1), "corpus", "in.jsonl.gz",
        18 + bytes + 1, "after"));
  }

  @Test
  void aFileThatCannotBeOpenedIsAnErrorThatNamesIt() throws IOException {
    Files.writeString(folder.resolve("in.txt"), "text");
    Configuration conf = FailingFiles.from(-1);
    for (CorpusFormat format : List.of(CorpusFormat.TEXT, CorpusFormat.LINES, CorpusFormat.JSONL)) {
      CorpusSource source = new CorpusSource(List.of("failing:" + folder), format, "text", "id");
      CorpusPiece piece = CorpusPiece.cut(conf, CorpusFile.list(conf, source), format, 1 << 20).get(0);
      assertThatThrownBy(() -> CorpusReader.open(conf, source, piece)).isInstanceOf(UserError.class)
          .hasMessageEndingWith("in.txt cannot be read: Permission denied");
    }
  }

  @Test
  void aJsonTextMayHaveMoreThanTwentyMillionCharacters() throws IOException {
    int characters = 20_000_001;                             // one more than Jackson allows by itself
    Files.writeString(folder.resolve("in.jsonl"), "{\"text\":\"" + "a".repeat(characters) + "\"}\n");
    assertThat(read(CorpusSource.jsonl(folder.toString()), 1 << 30)).singleElement()
        .isInstanceOfSatisfying(Document.class, document -> assertThat(document.text()).hasSize(characters));
  }

  @Test
  void aTextFileOverTheBoundIsRefused() throws IOException {
    Files.write(folder.resolve("long.txt"), new byte[BOUND + 5]);
    Files.write(folder.resolve("right.txt"), "a".repeat(BOUND).getBytes(StandardCharsets.UTF_8));
    List<CorpusRecord> records = read(bounded(CorpusFormat.TEXT, ""), 1 << 20);
    assertThat(((Unreadable) records.get(0)).reason()).startsWith("the document has 1,048,581 bytes");
    assertThat(((Document) records.get(1)).text()).hasSize(BOUND);
  }

  @Test
  void everyCompressionReadsAsPlainTextAndGoesOnBehindItsFirstFrame() throws IOException {
    String[] halves = {"{\"text\":\"a\"}\n{\"te", "xt\":\"b\"}\n"};
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    ByteArrayOutputStream zstd = new ByteArrayOutputStream();
    ByteArrayOutputStream bzip2 = new ByteArrayOutputStream();
    BZip2Codec codec = new BZip2Codec();
    codec.setConf(CONF);
    for (String half : halves) {
      byte[] bytes = half.getBytes(StandardCharsets.UTF_8);
      try (OutputStream out = new GZIPOutputStream(gzip)) {
        out.write(bytes);
      }
      try (OutputStream out = new ZstdOutputStreamNoFinalizer(zstd)) {
        out.write(bytes);
      }
      try (OutputStream out = codec.createOutputStream(bzip2)) {
        out.write(bytes);
      }
    }
    Files.write(folder.resolve("a.jsonl.gz"), gzip.toByteArray());
    Files.write(folder.resolve("b.jsonl.zst"), zstd.toByteArray());
    Files.write(folder.resolve("c.jsonl.bz2"), bzip2.toByteArray());
    assertThat(read(CorpusSource.jsonl(folder.toString()), 1 << 20)).extracting(record -> ((Document) record).text())
        .containsExactly("a", "b", "a", "b", "a", "b");
  }

  @Test
  void damagedCompressedDataEndTheFileWithOneUnreadableRecord() throws IOException {
    StringBuilder lines = new StringBuilder();
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) lines.append("{\"text\":\"").append(random.nextLong()).append("\"}\n");
    byte[] plain = lines.toString().getBytes(StandardCharsets.UTF_8);
    ByteArrayOutputStream gzip = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(gzip)) {
      out.write(plain);
    }
    ByteArrayOutputStream zstd = new ByteArrayOutputStream();
    try (OutputStream out = new ZstdOutputStreamNoFinalizer(zstd)) {
      out.write(plain);
    }
    byte[] flipped = gzip.toByteArray();
    for (int i = 0; i < 64; i++) flipped[flipped.length / 2 + i] ^= 0x55;
    byte[] noGzip = "{\"text\":\"plain\"}\n".getBytes(StandardCharsets.UTF_8);
    byte[] cut = Arrays.copyOf(zstd.toByteArray(), zstd.size() / 2);
    for (String name : List.of("flipped.jsonl.gz", "plain.jsonl.gz", "cut.jsonl.zst")) {
      Path file = Files.createDirectories(folder.resolve(name.replace('.', '-'))).resolve(name);
      Files.write(file, name.startsWith("flipped") ? flipped : name.startsWith("plain") ? noGzip : cut);
      List<CorpusRecord> records = read(CorpusSource.jsonl(file.toString()), 1 << 20);
      int unreadable = (int) records.stream().filter(Unreadable.class::isInstance).count();
      assertThat(records.get(records.size() - 1)).as(name).isInstanceOfSatisfying(Unreadable.class,
          last -> assertThat(last.endsFile()).isTrue());
      assertThat(records.size()).as(name).isLessThan(20_000);
      if (!name.startsWith("flipped")) assertThat(unreadable).as(name).isEqualTo(1);
    }
  }

  @Test
  void documentsStandBetweenSeparatorsAsTheJdkSplitsThem() throws IOException {
    CorpusSource source = bounded(CorpusFormat.TEXT, "--\n");
    Random random = new Random(7);
    for (int trial = 0; trial < 60; trial++) {
      StringBuilder text = new StringBuilder("start");
      int length = trial < 50 ? random.nextInt(60) : 200_000;
      for (int i = 0; i < length; i++) text.append("-\nx\u00E9".charAt(random.nextInt(4)));
      Files.writeString(folder.resolve("in.txt"), text);
      List<String> expected = new ArrayList<>();
      List<Long> places = new ArrayList<>();
      long place = 0;
      for (String part : text.toString().split(Pattern.quote("--\n"), -1)) {
        if (!part.isBlank()) {
          expected.add(part);
          places.add(place);
        }
        place += part.getBytes(StandardCharsets.UTF_8).length + 3;
      }
      List<CorpusRecord> records = read(source, 1 << 20);
      assertThat(records).extracting(record -> ((Document) record).text()).isEqualTo(expected);
      assertThat(records).extracting(CorpusRecord::position).isEqualTo(places);
    }
  }

  private CorpusSource bounded(CorpusFormat format, String separator) {
    return new CorpusSource("corpus", List.of(folder.toString()), format, CorpusSource.Fields.USUAL, separator, BOUND);
  }

  private static List<CorpusRecord> read(CorpusSource source, long pieceBytes) throws IOException {
    List<CorpusRecord> records = new ArrayList<>();
    List<CorpusFile> files = CorpusFile.list(CONF, source);
    for (CorpusPiece piece : CorpusPiece.cut(CONF, files, source.format(), pieceBytes)) {
      try (CorpusReader reader = CorpusReader.open(CONF, source, piece)) {
        reader.forEachRemaining(records::add);
      }
    }
    return records;
  }
}
