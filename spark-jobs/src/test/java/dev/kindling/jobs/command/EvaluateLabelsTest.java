package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.data.shard.PackedDataset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Classifiers from labelled pairs of texts to figures, by the verbs alone; {@code predict} is held to transformers elsewhere. */
@Timeout(120)
class EvaluateLabelsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String[] WORDS = {"a", "man", "and", "the", "film", "no", "long"};

  @TempDir
  static Path folder;
  private static Path texts;
  private static Path data;
  private static Path run;

  @BeforeAll
  static void trainAClassifier() throws IOException {
    Files.writeString(folder.resolve("tokenizer.json"), JSON.readTree(Path.of("../golden/labelled-texts.json").toFile())
        .get("bert_template").get("tokenizer").toString());
    Random random = new Random(5);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 150; i++) {
      String first = WORDS[random.nextInt(7)] + " " + WORDS[random.nextInt(7)], second = WORDS[random.nextInt(7)];
      boolean same = first.contains(second);
      lines.append(JSON.createObjectNode().put("id", "d" + i).put("text", first).put("other", second)
          .put("label", same ? "there" : "not there").put("howMany", same ? 1.5 : -0.5)).append('\n');
    }
    texts = Files.writeString(folder.resolve("pairs.jsonl"), lines);
    data = prepared("pairs", "label", "class");
    run = pretrained(data, "pairs-run");
  }

  private static Path prepared(String name, String field, String kind) {
    Path out = folder.resolve(name);
    Ended.well("prep", "--in", texts.toString(), "--out", out.toString(), "--set", "packing=classification", "--set",
        "tokenizer=" + folder, "--set", "sequenceLength=12", "--set", "pairField=other", "--set", "labelField=" + field,
        "--set", "labelKind=" + kind, "--set", "heldOutPercent=30");
    return out;
  }

  private static Path pretrained(Path dataset, String name) {
    Path out = folder.resolve(name);
    Ended.well("pretrain", "--data", dataset.toString(), "--out", out.toString(), "--set", "model.family=bert", "--set",
        "model.layers=1", "--set", "model.heads=2", "--set", "model.width=16", "--set", "train.steps=12", "--set",
        "train.virtualRanks=2", "--set", "train.precision=float32");
    return out;
  }

  private static PackedDataset heldOut(Path dataset) {
    return PackedDataset.openHeldOut(new Configuration(), new org.apache.hadoop.fs.Path(dataset.toString()));
  }

  private static Map<String, JsonNode> byId(Path file) throws IOException {
    Map<String, JsonNode> all = new HashMap<>();
    for (String line : Files.readAllLines(file)) {
      JsonNode row = JSON.readTree(line);
      all.put(row.get("id").textValue(), row);
    }
    return all;
  }

  private static Map<String, JsonNode> predicted(Path model) throws IOException {
    Path out = folder.resolve("predicted.jsonl");
    Ended.well("predict", "--model", model.toString(), "--in", texts.toString(), "--pair-field", "other", "--out",
        out.toString());
    return byId(out);
  }

  private static String evaluate(Path model, Path dataset) {
    return Ended.well("evaluate", "--model", model.toString(), "--data", dataset.toString(), "--threads", "1");
  }

  /** The last number of the last line, which is a loss or an error. */
  private static double last(String printed) {
    return Double.parseDouble(printed.strip().replaceFirst("(?s).*\\s", ""));
  }

  @Test
  void aClassifiersAccuracyAndLossAreThoseOfWhatPredictSaysOfTheHeldOutTexts() throws IOException {
    Map<String, JsonNode> said = predicted(run), told = byId(texts);
    PackedDataset heldOut = heldOut(data);
    int right = 0;
    double loss = 0;
    for (long row = 0; row < heldOut.rows(); row++) {
      String id = heldOut.documents(row).get(0), label = told.get(id).get("label").textValue();
      if (said.get(id).get("label").textValue().equals(label)) right++;
      for (JsonNode one : said.get(id).get("scores"))
        if (one.get("label").textValue().equals(label)) loss -= Math.log(one.get("score").doubleValue());
    }
    assertThat(heldOut.rows()).isBetween(20L, 80L);
    String printed = evaluate(run, data);
    assertThat(printed).containsPattern(String.format(Locale.ROOT, """
        ^labels of %d held-out texts\\R  accuracy +%.2f%% \\(%d\\)\\R  loss +\\S+\\R$""", heldOut.rows(),
        100.0 * right / heldOut.rows(), right));
    assertThat(last(printed)).isCloseTo(loss / heldOut.rows(), within(1e-4));
  }

  @Test
  void aNumbersMeanSquaredErrorIsThatOfWhatPredictSays() throws IOException {
    Path numbers = prepared("numbers", "howMany", "number"), trained = pretrained(numbers, "numbers-run");
    Map<String, JsonNode> said = predicted(trained), told = byId(texts);
    PackedDataset heldOut = heldOut(numbers);
    double squares = 0;
    for (long row = 0; row < heldOut.rows(); row++) {
      String id = heldOut.documents(row).get(0);
      squares += Math.pow(said.get(id).get("score").doubleValue() - told.get(id).get("howMany").doubleValue(), 2);
    }
    String printed = evaluate(trained, numbers);
    assertThat(printed).matches("numbers of " + heldOut.rows() + " held-out texts\\R  mean squared error +\\S+\\R");
    assertThat(last(printed)).isCloseTo(squares / heldOut.rows(), within(1e-4));
    assertThat(Ended.refused("evaluate", "--model", trained.toString(), "--data", data.toString()))
        .contains("the dataset's labelKind is class; for model", "it must be number");
  }

  @Test
  void rowsThatTellNothingOfAModelAreRefusedInOneLine() throws IOException {
    Path plain = folder.resolve("plain");
    Ended.well("prep", "--in", texts.toString(), "--out", plain.toString(), "--set", "tokenizer=" + folder, "--set",
        "sequenceLength=12", "--set", "heldOutPercent=30");
    assertThat(Ended.refused("evaluate", "--model", run.toString(), "--data", plain.toString()))
        .contains("labels texts, and the dataset has none with labels", "packing=classification");
    assertThat(Ended.refused("evaluate", "--model", run.toString(), "--data", data.toString(), "--baselines"))
        .contains("--baselines is given", "is a bert; it must be left out");
    Path renamed = folder.resolve("renamed");
    Ended.well("export", "hf", "--model", run.toString(), "--out", renamed.toString());
    Path config = renamed.resolve("config.json");
    ObjectNode json = (ObjectNode) JSON.readTree(config.toFile());
    json.putObject("id2label").put("0", "there").put("1", "not there");
    Files.writeString(config, json.toString());
    assertThat(Ended.refused("evaluate", "--model", renamed.toString(), "--data", data.toString()))
        .contains("the dataset's labels are [not there, there], those of model", "the same order");
    Path tokens = folder.resolve("tokens");
    GoldenTexts.copy("bert-tokens", tokens, 97);
    assertThat(Ended.refused("evaluate", "--model", tokens.toString(), "--data", data.toString()))
        .contains("the dataset's packing is classification; for model ", " it must be token-classification");
    assertThat(Ended.refused("evaluate", "--model", tokens.toString(), "--data", plain.toString()))
        .contains("labels tokens, and the dataset has none with labels", "packing=token-classification");
  }

  /** Of the first texts each word that is a film. */
  @Test
  void whatTrainingToldOfHeldOutWordsIsWhatEvaluateSays() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (JsonNode text : byId(texts).values()) {
      ObjectNode line = JSON.createObjectNode().put("id", text.get("id").textValue());
      for (String word : text.get("text").textValue().split(" ")) {
        line.withArray("words").add(word);
        line.withArray("marks").add(word.equals("film") ? "B-ART" : "O");
      }
      lines.append(line).append('\n');
    }
    Path words = Files.writeString(folder.resolve("words.jsonl"), lines), dataset = folder.resolve("words");
    Ended.well("prep", "--in", words.toString(), "--out", dataset.toString(), "--set", "packing=token-classification",
        "--set", "tokenizer=" + folder, "--set", "sequenceLength=12", "--set", "wordsField=words", "--set",
        "tagsField=marks", "--set", "heldOutPercent=30");
    assertThat(Files.readString(dataset.resolve("prep-report.html"))).contains("Words by class", "B-ART");
    Path out = folder.resolve("words-run");
    String told = Ended.well("pretrain", "--data", dataset.toString(), "--out", out.toString(), "--set",
        "model.family=bert", "--set", "model.layers=1", "--set", "model.heads=2", "--set", "model.width=16", "--set",
        "train.steps=12", "--set", "train.virtualRanks=2", "--set", "train.precision=float32", "--set",
        "train.evaluationRows=1000");
    String printed = evaluate(out, dataset);
    Matcher then = Pattern.compile("held-out accuracy (\\S+%): ([\\d,]+) of ([\\d,]+) words").matcher(told);
    Matcher now = Pattern
        .compile("(?s)^labels of ([\\d,]+) words of \\d+ held-out texts\\R  accuracy +(\\S+) \\((\\S+)\\)\\R"
            + "  entity precision .*\\R  entity recall .*\\R  entity F1 +\\S+%\\R  loss +\\S+\\R$")
        .matcher(printed);
    assertThat(then.find()).as(told).isTrue();
    assertThat(now.find()).as(printed).isTrue();
    assertThat(List.of(now.group(2), now.group(3), now.group(1)))
        .containsExactly(then.group(1), then.group(2), then.group(3));
    assertThat(Ended.refused("evaluate", "--model", run.toString(), "--data", dataset.toString()))
        .contains("the dataset's packing is token-classification; for model ", " it must be classification");
  }
}
