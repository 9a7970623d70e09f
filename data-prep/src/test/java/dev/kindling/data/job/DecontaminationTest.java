package dev.kindling.data.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.decontaminate.DecontaminationSettings;
import dev.kindling.data.decontaminate.DecontaminationSettings.Action;
import dev.kindling.data.tokenizer.Fingerprint;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DecontaminationTest {
  private static final String QUESTION = "Which of the following planets has the largest number of known moons today?";
  private static final String ANSWER = "Saturn has the largest number of known moons of all the planets in our system.";
  private static final String FIRST_RUN = "saturn has the largest number of known moons of all the planets";

  @TempDir
  Path folder;

  @Test
  void documentsWithAPieceOfASetAreDroppedAndListed() throws IOException {
    Decontamination step = new Decontamination(files(), Action.DROP);
    Dataset<Row> documents = step.apply(documents());
    assertThat(Corpus.dropped(documents)).isEqualTo(Map.of(
        "b", "decontaminate: 3 runs of words of quiz.jsonl.gz, the first of 13 words at character 6",
        "c", "decontaminate: 1 runs of words of riddles.txt, the first of 8 words at character 0", "d",
        "length: short"));
    assertThat(step.table(documents).collectAsList()).containsExactly(
        RowFactory.create("b", "s", "f", 2L, "dropped", "quiz.jsonl.gz", 3L, 13, 6,
            FIRST_RUN.replace("saturn", "Saturn") + " in"),
        RowFactory.create("c", "s", "f", 3L, "dropped", "riddles.txt", 1L, 8, 0,
            "What has roots as nobody sees, is taller?"));
  }

  @Test
  void flaggedDocumentsStayAndTheDigestIsThatOfTheTable() throws IOException {
    Decontamination step = new Decontamination(files(), Action.FLAG);
    Dataset<Row> documents = step.apply(documents());
    assertThat(Corpus.dropped(documents)).isEqualTo(Map.of("d", "length: short"));
    Dataset<Row> table = step.table(documents);
    List<Row> rows = table.collectAsList();
    assertThat(rows).extracting(row -> row.getAs("action")).containsExactly("flagged", "flagged");
    StringBuilder lines = new StringBuilder();
    rows.forEach(row -> lines.append(row.mkString("\t")).append('\n'));
    assertThat(Decontamination.digest(table.repartition(3))).isEqualTo(Fingerprint.of(lines.toString()));
  }

  @Test
  void theFingerprintOfTheSetsIsThatOfNamesAndContentsPackedOrNot() throws IOException {
    String plain = files().sha256();
    assertThat(files().sha256()).isEqualTo(plain);
    Files.writeString(folder.resolve("sets/riddles.txt"),
        "Another riddle that has more than eight words in it, as it should.");
    assertThat(read("sets").sha256()).isNotEqualTo(plain);
  }

  @Test
  void mistakesAreToldInOneLine() throws IOException {
    assertThatThrownBy(() -> read("nowhere")).isInstanceOf(UserError.class)
        .hasMessageStartingWith("evaluation ").hasMessageContaining("nowhere does not exist");
    Files.writeString(folder.resolve("bad.jsonl"), "{\"q\":\"fine\"}\n{oops\n");
    assertThatThrownBy(() -> read("bad.jsonl")).isInstanceOf(UserError.class)
        .hasMessageContaining("bad.jsonl:2 is no JSON");
    Files.writeString(folder.resolve("short.txt"), "Too short.");
    assertThatThrownBy(() -> read("short.txt")).isInstanceOf(UserError.class)
        .hasMessageContaining("short.txt holds no text of at least fewestWords, 8");
    Files.write(folder.resolve("latin.txt"), new byte[]{'a', (byte) 0xE4, 'b'});
    assertThatThrownBy(() -> read("latin.txt")).isInstanceOf(UserError.class)
        .hasMessageContaining("latin.txt is not UTF-8");
    files();
    byte[] whole = Files.readAllBytes(folder.resolve("sets/quiz.jsonl.gz"));
    Files.write(folder.resolve("cut.jsonl.gz"), Arrays.copyOf(whole, whole.length - 20));
    assertThatThrownBy(() -> read("cut.jsonl.gz")).isInstanceOf(UserError.class)
        .hasMessageContaining("cut.jsonl.gz: the file is cut off");
  }

  @Test
  void setsMayBeginWithAByteOrderMarkAndBePackedWithZstandard() throws IOException {
    String line = "{\"question\":\"" + QUESTION + "\"}\n";
    Files.writeString(folder.resolve("marked.jsonl"), "\uFEFF" + line);
    try (OutputStream out = new ZstdOutputStreamNoFinalizer(Files.newOutputStream(folder.resolve("quiz.jsonl.zst")))) {
      out.write(line.getBytes(StandardCharsets.UTF_8));
    }
    assertThat(read("marked.jsonl").sets().size()).isEqualTo(read("quiz.jsonl.zst").sets().size()).isPositive();
  }

  private static Dataset<Row> documents() {
    return Corpus.of(List.of(Corpus.document("a", "s", "f", 1, "The planets have moons."),
        Corpus.document("b", "s", "f", 2, "Well, " + ANSWER + " So it has."),
        Corpus.document("c", "s", "f", 3, "What has roots as nobody sees, is taller?"),
        RowFactory.create("d", "s", "f", 4L, QUESTION, "length: short")));
  }

  private EvaluationFiles files() throws IOException {
    Files.createDirectories(folder.resolve("sets"));
    Files.writeString(folder.resolve("sets/riddles.txt"),
        "What has roots as nobody sees,\nis taller\n\nThis is short.\n");
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(folder.resolve("sets/quiz.jsonl.gz")))) {
      out.write(("{\"question\":\"" + QUESTION + "\",\"choices\":[{\"text\":\"" + ANSWER
          + "\"},{\"text\":\"Mars\"}],\"n\":1}\n\n")
          .getBytes(StandardCharsets.UTF_8));
    }
    return read("sets");
  }

  private EvaluationFiles read(String name) {
    return EvaluationFiles.read(new Configuration(),
        new DecontaminationSettings(List.of(folder.resolve(name).toString()), 13, 8, Action.DROP));
  }
}
