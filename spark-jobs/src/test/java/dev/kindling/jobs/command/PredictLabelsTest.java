package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
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

/** The verb with classifiers that transformers saved: its logits are the oracle, in batches with padding. */
class PredictLabelsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int TIME = 13, SECOND = 7, VOCABULARY = 97;
  private static final double SAME = 1e-5;

  @TempDir
  Path folder;

  /** The case's four texts of up to 13 tokens. */
  private Path texts(String name) throws IOException {
    return texts(name, TIME);
  }

  /** The same as pairs, the second one empty where a text is short. */
  private Path pairs(String name) throws IOException {
    return texts(name, SECOND);
  }

  private Path texts(String name, int second) throws IOException {
    int[] ids = GoldenTexts.ids(name, "input.input_ids"), mask = GoldenTexts.ids(name, "input.attention_mask");
    StringBuilder lines = new StringBuilder();
    for (int row = 0; row < 4; row++) {
      int from = row * TIME, length = 0;
      for (int t = 0; t < TIME; t++) length += mask[from + t];
      lines.append(JSON.createObjectNode().put("id", row)
          .put("text", GoldenTexts.text(ids, from, from + Math.min(second, length)))
          .put("other", GoldenTexts.text(ids, from + Math.min(second, length), from + length))).append('\n');
    }
    return Files.writeString(folder.resolve("texts.jsonl"), lines);
  }

  private Path model(String name) throws IOException {
    Path model = folder.resolve("model");
    GoldenTexts.copy(name, model, VOCABULARY);
    return model;
  }

  private void change(Path model, String key, String value) throws IOException {
    Path file = model.resolve("config.json");
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    if (value == null) config.remove(key);
    else config.set(key, JSON.readTree(value));
    Files.writeString(file, config.toString());
  }

  private List<JsonNode> predicted(Path model, Path in, String... more) throws IOException {
    Path out = folder.resolve("out.jsonl");
    List<String> all = new ArrayList<>(
        List.of("predict", "--model", model.toString(), "--in", in.toString(), "--out", out.toString()));
    all.addAll(List.of(more));
    Ended.well(all.toArray(String[]::new));
    List<JsonNode> rows = new ArrayList<>();
    for (String line : Files.readAllLines(out)) rows.add(JSON.readTree(line));
    return rows;
  }

  private static List<String> names(JsonNode row) {
    List<String> names = new ArrayList<>();
    row.fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Test
  void aTextsLabelIsTheLikeliestOneBySoftmaxOverTransformersLogits() throws IOException {
    Path model = model("bert-classify");
    change(model, "id2label", "{\"0\": \"no\", \"1\": \"perhaps\", \"2\": \"yes\"}");
    List<JsonNode> rows = predicted(model, pairs("bert-classify"), "--pair-field", "other");
    float[] logits = GoldenTexts.numbers("bert-classify", "output.logits");
    assertThat(rows).hasSize(4).extracting(row -> row.get("label").textValue()).containsExactly("yes", "yes", "perhaps",
        "no");
    for (int row = 0; row < 4; row++) {
      JsonNode found = rows.get(row);
      assertThat(names(found)).containsExactly("id", "text", "pair", "tokens", "label", "score", "scores");
      double sum = 0;
      for (int i = 0; i < 3; i++) sum += Math.exp(logits[3 * row + i]);
      double most = 0;
      for (int i = 0; i < 3; i++) {
        double p = Math.exp(logits[3 * row + i]) / sum;
        most = Math.max(most, p);
        assertThat(found.get("scores").get(i).get("score").doubleValue()).isCloseTo(p, within(SAME));
      }
      assertThat(found.get("score").doubleValue()).isCloseTo(most, within(SAME));
    }
  }

  @Test
  void whereAnyLabelMayApplyThoseAboveOneHalfBySigmoidAreTold() throws IOException {
    List<JsonNode> rows = predicted(model("bert-multilabel"), texts("bert-multilabel"));
    float[] logits = GoldenTexts.numbers("bert-multilabel", "output.logits");
    for (int row = 0; row < 4; row++) {
      List<String> expected = new ArrayList<>(), labels = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        double p = 1 / (1 + Math.exp(-logits[3 * row + i]));
        if (p > 0.5) expected.add("LABEL_" + i);
        assertThat(rows.get(row).get("scores").get(i).get("score").doubleValue()).isCloseTo(p, within(SAME));
      }
      rows.get(row).get("labels").forEach(label -> labels.add(label.textValue()));
      assertThat(labels).as("row %d", row).isEqualTo(expected);
    }
    assertThat(rows.get(2).get("labels")).as("one logit is below 0").hasSize(2);
  }

  @Test
  void aNumberIsTheLogitItself() throws IOException {
    List<JsonNode> rows = predicted(model("bert-regress"), texts("bert-regress"));
    float[] logits = GoldenTexts.numbers("bert-regress", "output.logits");
    for (int row = 0; row < 4; row++) {
      assertThat(rows.get(row).get("score").doubleValue()).isCloseTo(logits[row], within(SAME));
      assertThat(rows.get(row).get("scores")).singleElement()
          .satisfies(one -> assertThat(one.get("label").textValue()).isEqualTo("LABEL_0"));
    }
  }

  /** Without problem_type transformers takes one label for a number and several for classes. */
  @Test
  void labelsWithoutNamesAreNumberedAndAProblemThatIsNotNamedFollowsFromTheirNumber() throws IOException {
    Path model = model("bert-classify");
    for (String key : List.of("id2label", "label2id", "problem_type")) change(model, key, null);
    change(model, "num_labels", "3");
    List<JsonNode> rows = predicted(model, pairs("bert-classify"), "--pair-field", "other");
    assertThat(rows).extracting(row -> row.get("label").textValue()).containsExactly("LABEL_2", "LABEL_2", "LABEL_1",
        "LABEL_0");
  }

  @Test
  void aTokensLabelIsTheLikeliestOneBySoftmaxOverTransformersLogits() throws IOException {
    List<JsonNode> rows = predicted(model("bert-tokens"), texts("bert-tokens"));
    int[] ids = GoldenTexts.ids("bert-tokens", "input.input_ids"), mask = GoldenTexts.ids("bert-tokens",
        "input.attention_mask");
    float[] logits = GoldenTexts.numbers("bert-tokens", "output.logits");
    for (int row = 0; row < 4; row++) {
      int length = 0;
      for (int t = 0; t < TIME && mask[row * TIME + t] == 1; t++) {
        JsonNode found = rows.get(row).get("labels").get(length++);
        int best = 0;
        double sum = 0;
        for (int i = 0; i < 5; i++) {
          float logit = logits[(row * TIME + t) * 5 + i];
          sum += Math.exp(logit);
          if (logit > logits[(row * TIME + t) * 5 + best]) best = i;
        }
        assertThat(found.get("token").textValue()).isEqualTo("w" + ids[row * TIME + t]);
        assertThat(found.get("label").textValue()).isEqualTo("LABEL_" + best);
        assertThat(found.get("score").doubleValue())
            .isCloseTo(Math.exp(logits[(row * TIME + t) * 5 + best]) / sum, within(SAME));
      }
      assertThat(rows.get(row).get("labels")).hasSize(length);
    }
  }

  @Test
  void parquetHoldsEachTokenWithItsPlaceItsLabelAndItsScore() throws IOException {
    Path model = model("bert-tokens"), out = folder.resolve("out.parquet");
    Path in = Files.writeString(folder.resolve("in.txt"), "w5  w96 w7\nw5\n");
    Ended.well("predict", "--model", model.toString(), "--in", in.toString(), "--out", out.toString());
    List<String> found = new ArrayList<>();
    try (ParquetReader<Group> rows = ParquetReader
        .builder(new GroupReadSupport(), new org.apache.hadoop.fs.Path(out.toUri())).withConf(new Configuration())
        .build()) {
      for (Group row = rows.read(); row != null; row = rows.read()) {
        Group list = row.getGroup("labels", 0);
        for (int i = 0; i < list.getFieldRepetitionCount("list"); i++) {
          Group one = list.getGroup("list", i).getGroup("element", 0);
          found.add(one.getString("token", 0) + " " + one.getInteger("start", 0) + "-" + one.getInteger("end", 0));
          assertThat(one.getString("label", 0)).matches("LABEL_[0-4]");
          assertThat(one.getFloat("score", 0)).isBetween(0.2f, 1f);
        }
      }
    }
    assertThat(found).containsExactly("w5 0-2", "w96 4-7", "w7 8-10", "w5 0-2");
  }

  @Test
  void aClassifiersEmbeddingsAreGivenWhereTheyAreAskedFor() throws IOException {
    List<JsonNode> rows = predicted(model("bert-classify"), Files.writeString(folder.resolve("in.txt"), "w5 w6\n"),
        "--answer", "embeddings");
    assertThat(names(rows.get(0))).containsExactly("id", "text", "tokens", "embedding");
    assertThat(rows.get(0).get("embedding")).hasSize(24);
  }

  @Test
  void whatAModelCannotSayIsToldInOneLine() throws IOException {
    Path in = Files.writeString(folder.resolve("in.txt"), "w5\n"), pairs = pairs("bert-tokens");
    Path words = folder.resolve("words"), tokens = folder.resolve("tokens"), t5 = folder.resolve("t5");
    GoldenTexts.copy("bert-mlm", words, VOCABULARY);
    GoldenTexts.copy("bert-tokens", tokens, VOCABULARY);
    GoldenTexts.copy("t5-v1.0", t5, VOCABULARY);
    String out = folder.resolve("out.jsonl").toString();
    assertThat(Ended.refused("predict", "--model", words.toString(), "--in", in.toString(), "--out", out, "--answer",
        "labels")).contains("--answer is labels", "has no head for labels; it must be embeddings");
    assertThat(Ended.refused("predict", "--model", words.toString(), "--in", in.toString(), "--out", out, "--answer",
        "classes")).contains("--answer is classes; it must be labels or embeddings");
    assertThat(Ended.refused("predict", "--model", words.toString(), "--in", in.toString(), "--out", out,
        "--pair-field", "other")).contains("--pair-field is other, and --in is", "read from JSON lines");
    for (String blank : List.of("", " ")) {
      assertThat(Ended.refused("predict", "--model", words.toString(), "--in", pairs.toString(), "--out", out,
          "--pair-field", blank)).contains("--pair-field is empty; it must be the name of a field, such as hypothesis");
    }
    assertThat(Ended.refused("predict", "--model", words.toString(), "--in", pairs.toString(), "--out", out,
        "--pair-field", "second")).contains("texts.jsonl:1: the field 'second' is missing", "with --pair-field");
    assertThat(Ended.refused("predict", "--model", words.toString(), "--in", pairs.toString(), "--out", out,
        "--pair-field", "text")).contains("--pair-field is text; it must be another field than --text-field");
    assertThat(Ended.refused("predict", "--model", tokens.toString(), "--in", pairs.toString(), "--out", out,
        "--pair-field", "other")).contains("--pair-field is other; it must be left out", "tokens of single texts");
    assertThat(Ended.refused("predict", "--model", t5.toString(), "--in", in.toString(), "--out", out))
        .contains("is a t5, which writes texts; an encoder is needed here", "kindling generate");
    assertThat(folder.resolve("out.jsonl")).doesNotExist();
  }
}
