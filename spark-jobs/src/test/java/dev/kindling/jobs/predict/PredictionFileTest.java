package dev.kindling.jobs.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PredictionFileTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Configuration CONF = new Configuration();
  private static final MessageType COLUMNS = MessageTypeParser.parseMessageType("""
      message predictions { required binary id (STRING); required int32 tokens;
        required group embedding (LIST) { repeated group list { required float element; } }
        required group scores (LIST) { repeated group list { required group element {
          required binary label (STRING); required float score; } } } }
      """);
  private static final List<String> ROWS = List.of(
      "{\"id\":\"A \\\"first\\\" text,\\nin two lines\",\"tokens\":7,\"embedding\":[0.1,-2.5E-8,3.0],\"scores\":[]}",
      "{\"id\":\"une deuxi\u00E8me \uD83D\uDD25\",\"tokens\":2,\"embedding\":[],"
          + "\"scores\":[{\"label\":\"no\",\"score\":-0.0},{\"label\":\"\",\"score\":1.0}]}");

  @TempDir
  Path folder;

  private org.apache.hadoop.fs.Path at(String name) {
    return new org.apache.hadoop.fs.Path(folder.resolve(name).toUri());
  }

  /** @return a row whose numbers are float32s, as predictions have them */
  private static ObjectNode row(String json) throws IOException {
    ObjectNode row = (ObjectNode) JSON.readTree(json);
    ArrayNode embedding = JSON.createArrayNode();
    for (JsonNode x : row.get("embedding")) embedding.add(x.floatValue());
    row.set("embedding", embedding);
    for (JsonNode one : row.get("scores")) ((ObjectNode) one).put("score", one.get("score").floatValue());
    return row;
  }

  private void write(String name) throws IOException {
    try (PredictionFile out = PredictionFile.create(CONF, at(name), COLUMNS)) {
      for (String row : ROWS) out.write(row(row));
      out.commit();
    }
    assertThat(folder.toFile().list()).containsExactly(name);
  }

  @Test
  void jsonLinesHoldOneTextALine() throws IOException {
    write("out.jsonl");
    assertThat(Files.readAllLines(folder.resolve("out.jsonl"))).isEqualTo(ROWS);
  }

  @Test
  void parquetHoldsTheSameColumnsWithListsOfNumbersAndOfGroups() throws IOException {
    write("out.parquet");
    List<String> read = new ArrayList<>();
    try (ParquetReader<Group> rows = ParquetReader.builder(new GroupReadSupport(), at("out.parquet")).build()) {
      for (Group row = rows.read(); row != null; row = rows.read()) {
        ObjectNode json = JSON.createObjectNode().put("id", row.getString("id", 0)).put("tokens",
            row.getInteger("tokens", 0));
        ArrayNode embedding = json.putArray("embedding");
        Group list = row.getGroup("embedding", 0);
        for (int i = 0; i < list.getFieldRepetitionCount("list"); i++)
          embedding.add(list.getGroup("list", i).getFloat("element", 0));
        ArrayNode scores = json.putArray("scores");
        list = row.getGroup("scores", 0);
        for (int i = 0; i < list.getFieldRepetitionCount("list"); i++) {
          Group element = list.getGroup("list", i).getGroup("element", 0);
          scores.addObject().put("label", element.getString("label", 0)).put("score", element.getFloat("score", 0));
        }
        read.add(json.toString());
      }
    }
    assertThat(read).isEqualTo(ROWS);
  }

  @ParameterizedTest
  @ValueSource(strings = {"out.jsonl", "out.parquet"})
  void withoutACommitTheOlderFileStays(String name) throws IOException {
    Files.writeString(folder.resolve(name), "older");
    try (PredictionFile out = PredictionFile.create(CONF, at(name), COLUMNS)) {
      out.write(row(ROWS.get(0)));
    }
    assertThat(folder.toFile().list()).containsExactly(name);
    assertThat(folder.resolve(name)).hasContent("older");
  }

  @Test
  void anotherFormatIsRefused() {
    assertThatThrownBy(() -> PredictionFile.create(CONF, at("out.csv"), COLUMNS)).isInstanceOf(UserError.class)
        .hasMessageContainingAll("--out is", "out.csv", ".jsonl or .parquet");
  }
}
