package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Duplicates and evaluation sets, from the settings to the checkpoint. */
class CorpusStepsTest {
  private static final String QUESTION = "Which of the following planets has the largest number of known moons today?";

  @TempDir
  Path folder;

  @Test
  void duplicatesGoAndWhatWasFoundOfEvaluationSetsIsInTheDatasetAndInItsCheckpoints() throws IOException {
    Path yaml = settings("flag");
    Ended ended = Ended.of("prep", yaml.toString());
    assertThat(ended.err()).isEmpty();
    assertThat(ended.code()).isZero();
    assertThat(ended.out()).contains("exact: 42 of 43 documents are kept", "near: 41 of 42 documents are kept");
    JsonNode info = json("data/dataset.json");
    assertThat(info.at("/corpus/dropped").toString()).isEqualTo("{\"exact\":1,\"near\":1}");
    assertThat(info.at("/decontamination/action").asText()).isEqualTo("flagged");
    assertThat(info.at("/decontamination/documents").asInt()).isEqualTo(1);
    String digest = info.at("/decontamination/table").asText();
    assertThat(digest).matches("[0-9a-f]{64}");
    assertThat(folder.resolve("data/decontaminated")).isDirectory();
    Ended trained = Ended.of("pretrain", "--data", folder + "/data", "--out", folder + "/run", "--set", "train.steps=1",
        "--set",
        "model.layers=1", "--set", "model.width=32", "--set", "model.heads=2");
    assertThat(trained.code()).as(trained.err()).isZero();
    assertThat(Files.readString(folder.resolve("run/step-00000001/manifest.json"))).contains(digest);
  }

  @Test
  void anotherEvaluationSetMakesAnotherDataset() throws IOException {
    assertThat(Ended.of("prep", settings("drop").toString()).out())
        .contains("decontaminate: 40 of 41 documents are kept");
    Files.writeString(folder.resolve("quiz.jsonl"),
        "{\"question\":\"Who was the first of them all to walk on the moon and not on Mars?\"}\n");
    Ended again = Ended.of("prep", folder.resolve("prep.yaml").toString());
    assertThat(again.code()).isEqualTo(2);
    assertThat(again.err()).contains("holds a dataset made from other inputs or settings");
  }

  @Test
  void aWrongSettingIsNamedWithItsLine() throws IOException {
    settings("drop");
    Ended shingle = Ended.of("prep", folder.resolve("prep.yaml").toString(), "--set", "dedup.near.threshold=1.5");
    assertThat(shingle.code()).isEqualTo(2);
    assertThat(shingle.err().lines()).singleElement().asString()
        .contains("dedup.near.threshold is 1.5; it must be above 0 and at most 1");
    Ended missing = Ended.of("prep", folder.resolve("prep.yaml").toString(), "--set",
        "decontaminate.evaluation=" + folder + "/nowhere");
    assertThat(missing.code()).isEqualTo(2);
    assertThat(missing.err().lines()).singleElement().asString().contains("nowhere does not exist");
  }

  private Path settings(String action) throws IOException {
    Random random = new Random(1);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < 40; i++)
      texts.add(random.ints(60, 0, 2000).mapToObj(word -> "w" + word).collect(Collectors.joining(" ")));
    texts.add("Here is one. " + QUESTION);
    texts.add(texts.get(0) + "\\n");
    texts.add(texts.get(1) + " and more");
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < texts.size(); i++)
      lines.append(String.format("{\"id\":\"d%02d\",\"text\":\"%s\"}%n", i, texts.get(i)));
    Files.writeString(folder.resolve("corpus.jsonl"), lines);
    Files.writeString(folder.resolve("quiz.jsonl"),
        "{\"question\":\"" + QUESTION + "\",\"choices\":[\"Mars\",\"Saturn\"]}\n");
    return Files.writeString(folder.resolve("prep.yaml"), """
        input: "%s"
        output: "%s"
        vocabularySize: 280
        sequenceLength: 16
        heldOutPercent: 10
        dedup: { exact: true, near: { threshold: 0.8 } }
        decontaminate: { evaluation: "%s", action: %s }
        """.formatted(folder.resolve("corpus.jsonl"), folder.resolve("data"), folder.resolve("quiz.jsonl"), action));
  }

  private JsonNode json(String name) throws IOException {
    return new ObjectMapper().readTree(Files.readString(folder.resolve(name)));
  }
}
