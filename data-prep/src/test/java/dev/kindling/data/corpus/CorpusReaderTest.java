package dev.kindling.data.corpus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CorpusReaderTest {
  private static final Configuration CONF = new Configuration();

  @TempDir
  Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r\n"})
  void recordsEndAtNewlinesOnlySoOtherLineEndsStayInTheText(String end) throws IOException {
    // datasets#3910: U+2028, U+2029 and U+0085 are ordinary characters of a JSON string
    write("in.jsonl",
        String.join(end, "{\"text\":\"a\u2028b\u2029\"}", "{\"text\":\"c\u0085d\"}", "{\"text\":\"e\\u2028f\"}", ""));
    assertThat(texts(jsonl(), Long.MAX_VALUE)).containsExactly("a\u2028b\u2029", "c\u0085d", "e\u2028f");
  }

  @Test
  void piecesOfAnySizeGiveTheSameDocuments() throws IOException {
    StringBuilder lines = new StringBuilder("\uFEFF");
    for (int i = 0; i < 23; i++)
      lines.append("{\"text\":\"").append("x\u00E9".repeat(i)).append(i).append("\"}")
          .append(i % 3 == 0 ? "\r\n" : "\n");
    write("in.jsonl", lines.append("{\"text\":\"no newline at the end\"}").toString());
    List<Document> whole = read(jsonl(), Long.MAX_VALUE);
    assertThat(whole).hasSize(24);
    for (long bytes : new long[]{1, 2, 7, 13, 64, 100, 1000}) assertThat(read(jsonl(), bytes)).isEqualTo(whole);
  }

  @Test
  void idsComeFromTheirFieldOrFromThePlaceInTheFile() throws IOException {
    write("in.jsonl", "{\"id\":7,\"text\":\"a\",\"year\":1790,\"tags\":[\"x\"]}\n\n{\"text\":\"b\"}\n");
    List<Document> documents = read(jsonl(), Long.MAX_VALUE);
    assertThat(documents).extracting(Document::id).containsExactly("7", "in.jsonl@46");
    assertThat(documents).extracting(Document::source).containsOnly("corpus");
    assertThat(documents).extracting(Document::position).containsExactly(0L, 46L);
  }

  @Test
  void aLineOfPlainTextMayBeADocument() throws IOException {
    write("in.txt", "\uFEFFFirst.\r\n\n {\"text\":\"no JSON\"} \nlast");
    List<Document> documents = read(
        new CorpusSource(List.of(folder.resolve("in.txt").toString()), CorpusFormat.LINES, "text", "id"),
        Long.MAX_VALUE);
    assertThat(documents).extracting(Document::text).containsExactly("First.", " {\"text\":\"no JSON\"} ", "last");
    assertThat(documents).extracting(Document::id).containsExactly("in.txt@0", "in.txt@12", "in.txt@33");
  }

  @Test
  void aTextFileIsADocumentNamedByItsPath() throws IOException {
    write("a/one.txt", "First.\n\nStill first.\n");
    write("b/two.txt.gz", gzip("Second."));
    write("b/_hidden", "no");
    CorpusSource source = CorpusSource.text(folder.toString());
    assertThat(read(source, 1)).containsExactly(
        new Document("a/one.txt", "corpus", "a/one.txt", 0, "First.\n\nStill first.\n"),
        new Document("b/two.txt.gz", "corpus", "b/two.txt.gz", 0, "Second."));
    assertThat(read(CorpusSource.text(folder + "/*/*.txt"), 1)).extracting(Document::id).containsExactly("one.txt");
  }

  @Test
  void compressedLinesReadAsPlainOnes() throws IOException {
    write("in.jsonl.gz", gzip("{\"text\":\"a\"}\n{\"text\":\"b\"}\n"));
    assertThat(texts(jsonl(), 1)).containsExactly("a", "b");
  }

  @Test
  void aBadLineIsNamedByFileAndNumberInAnyPiece() throws IOException {
    Map<String, String> bad = Map.of("{\"text\":1}", "the field 'text' is the number 1; it must be a string",
        "{\"txt\":\"a\"}", "there are txt",
        "{\"text\":\"a\"",
        "not JSON", "[1]", "an array", "{\"text\":\"a\"} x", "not JSON", "{\"text\":\"\\ud83d\"}", "lone surrogate",
        "{\"text\":null}",
        "is null", "{\"text\":\"a\",\"id\":[]}", "an id must be");
    for (Map.Entry<String, String> line : bad.entrySet()) {
      write("in.jsonl", "{\"text\":\"fine\"}\n\n" + line.getKey() + "\n{\"text\":\"fine\"}\n");
      for (long bytes : new long[]{5, Long.MAX_VALUE})
        assertThatThrownBy(() -> read(jsonl(), bytes)).isInstanceOf(UserError.class)
            .hasMessageContaining("in.jsonl:3: ")
            .hasMessageContaining(line.getValue());
    }
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() throws IOException {
    write("in.jsonl", new byte[]{'{', '}', '\n', '{', '"', (byte) 0xE9, '"', '}'});
    assertThatThrownBy(() -> read(CorpusSource.jsonl(folder.toString()), 4)).isInstanceOf(UserError.class);
    Files.delete(folder.resolve("in.jsonl"));
    write("latin1.txt", new byte[]{'a', (byte) 0xE9, 'b'});
    assertThatThrownBy(() -> read(CorpusSource.text(folder.toString()), 4)).isInstanceOf(UserError.class)
        .hasMessageContaining("latin1.txt: byte 1 is not UTF-8");
    write("latin1.txt", new byte[]{'a', (byte) 0xC3});
    assertThatThrownBy(() -> read(CorpusSource.text(folder.toString()), 4)).hasMessageContaining("byte 1 is not UTF-8");
  }

  @Test
  void damagedCompressedDataAreToldWithTheirFileAndPlace() throws IOException {
    byte[] whole = gzip("{\"text\":\"a\"}\n".repeat(3) + "{\"text\":\"" + "abc".repeat(1000) + "\"}\n");
    whole[whole.length - 6] ^= 0x55;                                                     // its checksum
    write("in.jsonl.gz", whole);
    assertThatThrownBy(() -> read(jsonl(), 1)).isInstanceOf(UserError.class)
        .hasMessageMatching(".*in\\.jsonl\\.gz:\\d: the file cannot be read on from here, its data are damaged: .*");
    whole[0] ^= 0x55;                                                                    // and what says that it is one
    write("in.jsonl.gz", whole);
    assertThatThrownBy(() -> read(jsonl(), 1)).isInstanceOf(UserError.class)
        .hasMessageContaining("in.jsonl.gz:1: the file cannot be read on from here");
    assertThatThrownBy(() -> read(CorpusSource.text(folder.toString()), 1)).isInstanceOf(UserError.class)
        .hasMessageContaining("in.jsonl.gz: the file cannot be read on from here");
  }

  @Test
  void aCompressedFileThatIsCutOffIsRefused() throws IOException {
    byte[] whole = gzip("{\"text\":\"" + "abc".repeat(1000) + "\"}\n");
    write("in.jsonl.gz", Arrays.copyOf(whole, whole.length - 12));
    assertThatThrownBy(() -> read(jsonl(), 1)).isInstanceOf(UserError.class).hasMessageContaining("in.jsonl.gz");
  }

  @Test
  void aPathThatIsMissingOrHoldsNothingIsRefusedByName() throws IOException {
    for (String path : List.of("/missing", "/none*", "/missing/*.txt"))
      assertThatThrownBy(() -> read(CorpusSource.text(folder + path), 1)).isInstanceOf(UserError.class)
          .hasMessageContaining(folder + path + " does not exist");
    Files.createDirectory(folder.resolve("empty"));
    assertThatThrownBy(() -> read(CorpusSource.text(folder + "/empty"), 1)).isInstanceOf(UserError.class)
        .hasMessageContaining("holds no files");
  }

  @Test
  void theBundledCorpusIsWrittenWholeAndOnce() throws IOException {
    org.apache.hadoop.fs.Path out = new org.apache.hadoop.fs.Path(folder.toUri());
    assertThat(BundledCorpus.extract(CONF, out)).isEqualTo(BundledCorpus.extract(CONF, out));
    List<Document> documents = read(jsonl(), 1 << 20);
    assertThat(documents).hasSize(233).extracting(Document::id).doesNotHaveDuplicates()
        .contains("1863-abraham-lincoln");
  }

  private CorpusSource jsonl() {
    return CorpusSource.jsonl(folder.toString());
  }

  private static List<String> texts(CorpusSource source, long bytes) {
    return read(source, bytes).stream().map(Document::text).toList();
  }

  private static List<Document> read(CorpusSource source, long pieceBytes) {
    List<Document> documents = new ArrayList<>();
    List<CorpusFile> files = CorpusFile.list(CONF, source);
    for (CorpusPiece piece : CorpusPiece.cut(CONF, files, source.format(), Math.min(pieceBytes, 1L << 40))) {
      try (CorpusReader reader = CorpusReader.open(CONF, source, piece)) {
        reader.documents().forEachRemaining(documents::add);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
    return documents;
  }

  private void write(String name, String text) throws IOException {
    write(name, text.getBytes(StandardCharsets.UTF_8));
  }

  private void write(String name, byte[] bytes) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, bytes);
    Files.deleteIfExists(file.resolveSibling("." + file.getFileName() + ".crc"));
  }

  private static byte[] gzip(String text) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return bytes.toByteArray();
  }
}
