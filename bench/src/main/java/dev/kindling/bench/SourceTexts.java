package dev.kindling.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.data.tokenizer.Fingerprint;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The distinct texts in archives as JSON lines of {@code id}, {@code source} and {@code text}, in files of 16 MB. A text is what is UTF-8
 * without control characters other than white space; two are the same where their bytes are.
 */
final class SourceTexts {
  private static final int SHORTEST = 100;
  private static final int LONGEST = 4 << 20;
  private static final long FILE = 16 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final long limit;
  private final Set<String> seen = new HashSet<>();
  private final Set<String> ids = new HashSet<>();
  private OutputStream out = OutputStream.nullOutputStream();
  private long inFile = FILE;
  private int files;
  private long texts;
  private long bytes;

  /** @param texts how many; @param bytes of their UTF-8 */
  record Written(long texts, long bytes) {}

  private SourceTexts(Path folder, long limit) {
    this.folder = folder;
    this.limit = limit;
  }

  /** @param archives a folder of jars and zips; @param limit bytes of text after which no more is taken */
  static Written write(Path archives, Path folder, long limit) throws IOException {
    List<Path> found;
    try (Stream<Path> all = Files.list(archives)) {
      found = all.filter(file -> file.toString().matches(".*\\.(jar|zip)")).sorted().toList();
    }
    SourceTexts texts = new SourceTexts(folder, limit);
    try {
      for (Path archive : found) texts.addAll(archive);
    } finally {
      texts.out.close();
    }
    return new Written(texts.texts, texts.bytes);
  }

  private void addAll(Path archive) throws IOException {
    try (ZipFile zip = new ZipFile(archive.toFile())) {
      for (ZipEntry entry : Collections.list(zip.entries())) {
        if (bytes >= limit) return;
        if (entry.isDirectory() || entry.getSize() < SHORTEST || entry.getSize() > LONGEST) continue;
        byte[] content = zip.getInputStream(entry).readAllBytes();
        if (!isText(content)) continue;
        String id = archive.getFileName() + "/" + entry.getName();
        if (seen.add(Fingerprint.hex(Fingerprint.digest().digest(content))) && ids.add(id))
          add(id, archive.getFileName().toString(), content);
      }
    }
  }

  private static boolean isText(byte[] content) {
    for (byte b : content) if (b >= 0 && b < ' ' && b != '\n' && b != '\r' && b != '\t' && b != '\f') return false;
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content));
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  private void add(String id, String source, byte[] content) throws IOException {
    if (inFile >= FILE) {
      out.close();
      out = Files.newOutputStream(folder.resolve(String.format("sources-%03d.jsonl", files++)));
      inFile = 0;
    }
    byte[] line = JSON.writeValueAsBytes(
        Map.of("id", id, "source", source, "text", new String(content, StandardCharsets.UTF_8)));
    out.write(line);
    out.write('\n');
    inFile += line.length + 1;
    bytes += content.length;
    texts++;
  }
}
