package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.data.shard.PackedDataset;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.jobs.evaluate.PackedDocuments;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VerbsTest {
  @TempDir
  static Path folder;
  static Path data;
  static Path model;

  @BeforeAll
  static void prepare() throws IOException {
    data = SmallDataset.prepare(folder);
    model = SmallDataset.model(folder, data);
  }

  @ParameterizedTest
  @ValueSource(strings = {"demo", "tokenizer", "tokenizer train", "prep", "plan", "pretrain", "generate", "predict",
      "evaluate",
      "import",
      "export",
      "export hf",
      "export gguf", "lineage", "inspect", "verify", "pipeline"})
  void everyVerbTeachesItself(String verb) {
    Ended ended = Ended.of((verb + " --help").split(" "));
    assertThat(ended.code()).isZero();
    assertThat(ended.err()).isEmpty();
    assertThat(ended.out()).contains("kindling " + verb);
    assertThat(Ended.of("--help").out()).contains("  " + verb.split(" ")[0] + " ");
  }

  @Test
  void textComesBackFromItsIds() {
    Ended encoded = Ended.of("tokenizer", "encode", "--tokenizer", data.toString(), "Fellow citizens, 1790!");
    assertThat(encoded.code()).isZero();
    String[] ids = encoded.out().strip().split(" ");
    String[] arguments = new String[ids.length + 4];
    System.arraycopy(new String[]{"tokenizer", "decode", "--tokenizer", data.toString()}, 0, arguments, 0, 4);
    System.arraycopy(ids, 0, arguments, 4, ids.length);
    assertThat(Ended.of(arguments).out()).isEqualTo("Fellow citizens, 1790!" + System.lineSeparator());
  }

  @Test
  void theSameSeedWritesTheSameText() {
    String[] generate = {"generate", "--model", model.toString(), "--prompt", "Fellow", "--tokens", "8", "--set",
        "seed=3", "--set",
        "samples=2"};
    Ended first = Ended.of(generate);
    assertThat(first.code()).as(first.err()).isZero();
    assertThat(first.out()).startsWith("Fellow").isEqualTo(Ended.of(generate).out());
  }

  @Test
  void anExportIsTheSameModel() {
    Path exported = folder.resolve("exported");
    Ended hf = Ended.of("export", "hf", "--model", model.toString(), "--out", exported.toString());
    assertThat(hf.code()).as(hf.err()).isZero();
    assertThat(hf.out()).contains(exported.toFile().list());
    assertThat(weights(exported)).isEqualTo(weights(model)).hasSize(64);
    Ended gguf = Ended.of("export", "gguf", "--model", model.toString(), "--out", folder.resolve("m.gguf").toString(),
        "--type", "F32");
    assertThat(gguf.code()).as(gguf.err()).isZero();
    assertThat(folder.resolve("m.gguf")).isNotEmptyFile();
  }

  private static String weights(Path folder) {
    return Ended.of("inspect", folder.toString()).out().lines().filter(line -> line.startsWith("weightsSha256"))
        .findFirst()
        .orElseThrow().substring("weightsSha256".length()).strip();
  }

  @Test
  void anUntrainedModelIsAboutAsGoodAsChanceAndWorseThanCounting() {
    Ended ended = Ended.of("evaluate", "--model", model.toString(), "--data", data.toString(), "--baselines",
        "--threads", "1");
    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(ended.out()).startsWith("perplexity on ");
    double[] values = ended.out().lines().skip(1).mapToDouble(line -> Double.parseDouble(line.substring(20).strip()))
        .toArray();
    assertThat(values).hasSize(4);
    assertThat(values[0]).isBetween(SmallDataset.VOCABULARY * 0.8, SmallDataset.VOCABULARY * 1.2);
    assertThat(values[1]).as("5-gram").isLessThan(values[3]);
    assertThat(values[2]).as("bigram").isLessThan(values[3]);
    assertThat(values[3]).as("unigram").isLessThan(values[0]);
  }

  @Test
  void datasetsAndModelsSayWhatTheyAre() {
    assertThat(Ended.of("inspect", data.toString()).out()).contains("rows of " + SmallDataset.SEQUENCE, "training",
        "held out",
        "fingerprint");
    assertThat(Ended.of("inspect", model.toString(), "--tensors").out()).contains("gpt2", "transformer.wte.weight",
        "[280, 16]");
  }

  @Test
  void documentsComeBackWholeFromPackedRows() throws IOException {
    Configuration conf = new Configuration();
    org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(data.toString());
    Tokenizer tokenizer = Tokenizer.load(conf, path);
    List<String> texts = new ArrayList<>();
    for (PackedDataset part : List.of(PackedDataset.open(conf, path), PackedDataset.openHeldOut(conf, path))) {
      List<int[]> documents = PackedDocuments.of(part);
      assertThat(documents.stream().mapToLong(tokens -> tokens.length - 1).sum()).isEqualTo(part.part().targets());
      for (int[] tokens : documents) texts.add(tokenizer.decode(Arrays.copyOfRange(tokens, 1, tokens.length - 1)));
    }
    List<String> written = Files.readAllLines(folder.resolve("corpus.jsonl")).stream()
        .map(line -> line.substring(line.indexOf("Fellow"), line.length() - 2)).toList();
    assertThat(texts).containsExactlyInAnyOrderElementsOf(written);
  }
}
