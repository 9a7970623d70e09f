package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PrepTest {
  @TempDir
  Path folder;

  @Test
  void cleaningIsTurnedOnInTheSettingsAndThePageTellsWhatWentAndWhy() throws IOException {
    Path corpus = SmallDataset.corpus(folder);
    Files.writeString(folder.resolve("more.jsonl"), "{\"id\":\"short\",\"text\":\"<b>short</b>\"}\n");
    Path yaml = Files.writeString(folder.resolve("prep.yaml"), """
        input:
          - { name: speeches, path: "%s" }
          - { name: others, path: "%s" }
        output: "%s"
        vocabularySize: 280
        sequenceLength: 16
        clean: { minCharacters: 20, mask: [email] }
        """.formatted(corpus, folder.resolve("more.jsonl"), folder.resolve("data")));
    Ended ended = Ended.of("prep", yaml.toString());
    assertThat(ended.err()).isEmpty();
    assertThat(ended.code()).isZero();
    assertThat(ended.out()).contains("clean: 60 of 61 documents are kept", "prep-report.html");
    JsonNode report = new ObjectMapper().readTree(Files.readString(folder.resolve("data/prep-report.json")));
    JsonNode step = report.at("/stages/0/dropped/0");
    assertThat(step.path("name").asText()).isEqualTo("length");
    assertThat(step.at("/examples/0/id").asText()).isEqualTo("others/short");
    assertThat(report.at("/sources/speeches/documents").asInt()).isEqualTo(60);
    String page = Files.readString(folder.resolve("data/prep-report.html"));
    assertThat(page).contains("<h2>Dropped by length</h2>", "others/short: ", "&lt;b&gt;short&lt;/b&gt;", "speeches",
        "Documents by tokens").doesNotContain("{{");
    Files.writeString(folder.resolve("data/prep-report.html"), "as it was");
    Ended again = Ended.of("prep", yaml.toString());
    assertThat(again.out()).contains("is already made from these inputs and settings");
    assertThat(folder.resolve("data/prep-report.html")).hasContent("as it was");
    Files.delete(folder.resolve("data/prep-report.html"));
    Files.move(folder.resolve("data/prep-report.json"), folder.resolve("report.json"));
    Files.createDirectory(folder.resolve("data/prep-report.json"));               // the page cannot be made
    Ended without = Ended.of("prep", yaml.toString());
    assertThat(without.code()).isZero();
    assertThat(without.err().lines()).singleElement().asString().startsWith("kindling: warning: the page about");
  }

  @Test
  void labelledTextsArePackedByTheirSettingsAndThePageCountsEachClass() throws IOException {
    JsonNode golden = new ObjectMapper().readTree(Path.of("../golden/labelled-texts.json").toFile());
    Files.writeString(folder.resolve("tokenizer.json"), golden.at("/bert_template/tokenizer").toString());
    Path in = Files.writeString(folder.resolve("pairs.jsonl"), """
        {"id": "1", "premise": "a man", "hypothesis": "no", "gold": "neutral"}
        {"id": "2", "premise": "the film", "hypothesis": "a film", "gold": "entailment"}
        {"id": "3", "premise": "the street", "hypothesis": "a film", "gold": "neutral"}
        """);
    Ended ended = Ended.of("prep", "--in", in.toString(), "--out", folder + "/data", "--set", "packing=classification",
        "--set", "textField=premise", "--set", "pairField=hypothesis", "--set", "labelField=gold", "--set",
        "tokenizer=" + folder, "--set", "sequenceLength=16", "--set", "heldOutPercent=0");
    assertThat(ended.err()).isEmpty();
    JsonNode labels = new ObjectMapper().readTree(Files.readString(folder.resolve("data/dataset.json"))).get("labels");
    assertThat(labels.toString()).isEqualTo("{\"kind\":\"class\",\"classes\":[{\"name\":\"entailment\",\"training\":1,"
        + "\"heldOut\":0},{\"name\":\"neutral\",\"training\":2,\"heldOut\":0}]}");
    assertThat(Files.readString(folder.resolve("data/prep-report.html"))).contains("Documents by class", "entailment",
        "neutral");
  }

  @Test
  void tooManyBadRecordsAreToldInOneLine() throws IOException {
    Path corpus = SmallDataset.corpus(folder);
    Files.writeString(corpus, Files.readString(corpus) + "{}\n");
    Ended strict = Ended.of("prep", "--in", corpus.toString(), "--out", folder + "/data");
    assertThat(strict.code()).isEqualTo(2);
    assertThat(strict.err().lines()).singleElement().asString()
        .contains("corpus.jsonl:61: the field 'text' is missing");
    Ended loose = Ended.of("prep", "--in", corpus.toString(), "--out", folder + "/data", "--set",
        "maxRejectedPercent=1");
    assertThat(loose.code()).isEqualTo(2);
    assertThat(loose.err().lines()).singleElement().asString()
        .contains("1 of 61 records, 1.64%, could not be read, such as corpus.jsonl@")
        .contains("maxRejectedPercent allows 1.0");
    assertThat(folder.resolve("data")).doesNotExist();
  }
}
