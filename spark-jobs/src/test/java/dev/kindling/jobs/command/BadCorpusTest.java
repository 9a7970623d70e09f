package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A folder with all that goes wrong in a lake, read by {@code kindling prep} in a process of its own with a small heap. */
@Tag("slow")
@Timeout(120)
class BadCorpusTest {
  private static final int LONG_MEGABYTES = 200;
  private static final int GOOD = 40;
  @TempDir
  Path folder;

  @Test
  void everyBadRecordIsCountedAndNamedAndTheGoodOnesAreTheDataset() throws Exception {
    Path in = Files.createDirectories(folder.resolve("in"));
    Files.writeString(in.resolve("good.jsonl"), good());
    Files.write(in.resolve("latin1.jsonl"), "{\"text\":\"caf\u00E9\"}\n".getBytes(StandardCharsets.ISO_8859_1));
    Files.writeString(in.resolve("field.jsonl"), "{\"body\":\"text\"}\n");
    Files.createFile(in.resolve("nothing.jsonl"));
    Files.write(in.resolve("damaged.jsonl.gz"), damagedGzip());
    long longLine = writeLongLine(in.resolve("long.jsonl"));
    Path out = folder.resolve("out");
    String said = prep("--in", in.toString(), "--out", out.toString(), "--set", "maxRejectedPercent=20", "--set",
        "vocabularySize=264", "--set", "sequenceLength=16", "--set", "heldOutPercent=0");
    assertThat(said).doesNotContain("OutOfMemoryError", "\tat ");

    Map<String, String> rejected = rejected(out);
    assertThat(rejected.keySet()).containsExactlyInAnyOrder("latin1.jsonl@0", "field.jsonl@0", "damaged.jsonl.gz@0",
        "long.jsonl@17");
    assertThat(rejected.get("latin1.jsonl@0")).isEqualTo("byte 13 of the line is not UTF-8; convert the file to UTF-8");
    assertThat(rejected.get("field.jsonl@0")).startsWith("the field 'text' is missing (there are body)");
    assertThat(rejected.get("damaged.jsonl.gz@0")).startsWith("nothing more is read of this file: ");
    assertThat(rejected.get("long.jsonl@17")).isEqualTo(String.format(
        "the document has %,d bytes; maxDocumentBytes allows 67,108,864; raise it, or cut the document", longLine));
    JsonNode info = new ObjectMapper().readTree(out.resolve("dataset.json").toFile());
    assertThat(info.at("/corpus/rejected").asInt()).isEqualTo(4);
    assertThat(info.at("/training/documents").asInt()).isEqualTo(GOOD + 2);      // two stand around the long line
    JsonNode report = new ObjectMapper().readTree(out.resolve("prep-report.json").toFile());
    assertThat(report.path("emptyFiles")).extracting(JsonNode::asText).containsExactly("nothing.jsonl");
  }

  private static String good() {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < GOOD; i++)
      lines.append("{\"id\":\"d").append(i).append("\",\"text\":\"the state of the union is strong ").append(i)
          .append("\"}\n");
    return lines.toString();
  }

  /** Lines of which none comes out: the damage is in the header. */
  private Path packed() throws IOException {
    Path file = folder.resolve("whole.gz");
    SplittableRandom random = new SplittableRandom(1);
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(file))) {
      for (int i : IntStream.range(0, 1_000).toArray())
        out.write(("{\"id\":\"" + i + "\",\"text\":\"" + random.nextLong() + "\"}\n").getBytes(StandardCharsets.UTF_8));
    }
    return file;
  }

  private byte[] damagedGzip() throws IOException {
    byte[] bytes = Files.readAllBytes(packed());
    bytes[0] ^= 0x55;
    return bytes;
  }

  /** Between two documents. @return bytes of the line */
  private static long writeLongLine(Path file) throws IOException {
    byte[] letters = "a".repeat(1 << 20).getBytes(StandardCharsets.UTF_8);
    String begin = "{\"text\":\"", end = "\"}";
    try (OutputStream out = Files.newOutputStream(file)) {
      out.write("{\"text\":\"first\"}\n".getBytes(StandardCharsets.UTF_8));
      out.write(begin.getBytes(StandardCharsets.UTF_8));
      for (int i = 0; i < LONG_MEGABYTES; i++) out.write(letters);
      out.write((end + "\n{\"text\":\"last\"}\n").getBytes(StandardCharsets.UTF_8));
    }
    return ((long) LONG_MEGABYTES << 20) + begin.length() + end.length();
  }

  private String prep(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(List.of(System.getProperty("kindling.jvm.flags").split("\\s+")));
    command.addAll(List.of("-Xmx512m", "-cp",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        "-Dspark.master=local[2]", "-Dspark.ui.enabled=false", "-Dspark.driver.host=127.0.0.1",
        "-Dspark.driver.bindAddress=127.0.0.1", "dev.kindling.jobs.command.Kindling", "prep"));
    command.addAll(List.of(arguments));
    Path said = folder.resolve("said");
    Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    try {
      assertThat(process.waitFor(100, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(said)).isZero();
    } finally {
      process.destroyForcibly();
    }
    return Files.readString(said);
  }

  /** Reasons by place. */
  private static Map<String, String> rejected(Path dataset) throws IOException {
    Map<String, String> reasons = new TreeMap<>();
    Configuration conf = new Configuration();
    for (Path file : files(dataset.resolve("rejected"))) {
      try (ParquetReader<Group> rows = ParquetReader
          .builder(new GroupReadSupport(), new org.apache.hadoop.fs.Path(file.toUri())).withConf(conf).build()) {
        for (Group row = rows.read(); row != null; row = rows.read())
          reasons.put(row.getString("file", 0) + "@" + row.getLong("position", 0), row.getString("reason", 0));
      }
    }
    return reasons;
  }

  private static List<Path> files(Path table) throws IOException {
    try (var all = Files.list(table)) {
      return all.filter(file -> file.toString().endsWith(".parquet")).toList();
    }
  }
}
