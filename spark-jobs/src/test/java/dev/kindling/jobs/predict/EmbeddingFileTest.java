package dev.kindling.jobs.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.hadoop.ParquetReader;
import org.apache.parquet.hadoop.example.GroupReadSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmbeddingFileTest {
  private static final Configuration CONF = new Configuration();
  private static final List<Embedding> ROWS = List.of(
      new Embedding("a@0", "A \"first\" text,\nin two lines", 7, new float[]{0.1f, -2.5e-8f, 3}),
      new Embedding("b", "une deuxi\u00E8me \uD83D\uDD25", 2, new float[]{1, 0, -0f}));

  @TempDir
  Path folder;

  private org.apache.hadoop.fs.Path at(String name) {
    return new org.apache.hadoop.fs.Path(folder.resolve(name).toUri());
  }

  private void write(String name) throws IOException {
    try (EmbeddingFile out = EmbeddingFile.create(CONF, at(name))) {
      for (Embedding row : ROWS) out.write(row);
      out.commit();
    }
    assertThat(folder.toFile().list()).containsExactly(name);
  }

  @Test
  void jsonLinesHoldOneTextALine() throws IOException {
    write("out.jsonl");
    assertThat(Files.readAllLines(folder.resolve("out.jsonl"))).containsExactly(
        "{\"id\":\"a@0\",\"text\":\"A \\\"first\\\" text,\\nin two lines\",\"tokens\":7,\"embedding\":[0.1,-2.5E-8,3.0]}",
        "{\"id\":\"b\",\"text\":\"une deuxi\u00E8me \uD83D\uDD25\",\"tokens\":2,\"embedding\":[1.0,0.0,-0.0]}");
  }

  @Test
  void parquetHoldsTheSameColumnsWithAListOfFloats() throws IOException {
    write("out.parquet");
    List<Embedding> read = new ArrayList<>();
    try (ParquetReader<Group> rows = ParquetReader.builder(new GroupReadSupport(), at("out.parquet")).build()) {
      for (Group row = rows.read(); row != null; row = rows.read()) {
        Group list = row.getGroup("embedding", 0);
        float[] vector = new float[list.getFieldRepetitionCount("list")];
        for (int i = 0; i < vector.length; i++) vector[i] = list.getGroup("list", i).getFloat("element", 0);
        read.add(new Embedding(row.getString("id", 0), row.getString("text", 0), row.getInteger("tokens", 0), vector));
      }
    }
    assertThat(read).usingRecursiveComparison().isEqualTo(ROWS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"out.jsonl", "out.parquet"})
  void withoutACommitTheOlderFileStays(String name) throws IOException {
    Files.writeString(folder.resolve(name), "older");
    try (EmbeddingFile out = EmbeddingFile.create(CONF, at(name))) {
      out.write(ROWS.get(0));
    }
    assertThat(folder.toFile().list()).containsExactly(name);
    assertThat(folder.resolve(name)).hasContent("older");
  }

  @Test
  void anotherFormatIsRefused() {
    assertThatThrownBy(() -> EmbeddingFile.create(CONF, at("out.csv"))).isInstanceOf(UserError.class)
        .hasMessageContainingAll("--out is", "out.csv", ".jsonl or .parquet");
  }
}
