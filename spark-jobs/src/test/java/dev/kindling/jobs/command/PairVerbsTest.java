package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.jobs.WordTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A T5 from pairs of texts to what it writes, by the verbs alone: it learns to write words in capitals. */
@Timeout(180)
class PairVerbsTest {
  private static final List<String> WORDS = List.of("red", "blue", "green", "white", "black");
  private static final String[] TINY = {"--set", "model.layers=1", "--set", "model.heads=2", "--set", "model.width=32"};

  @TempDir
  static Path folder;
  private static Path pairs;
  private static Path data;
  private static Path run;
  private static String learned;

  @BeforeAll
  static void learn() throws IOException {
    WordTokenizer.write(folder, Stream.concat(WORDS.stream(), WORDS.stream().map(PairVerbsTest::capitals)).toList());
    Random random = new Random(5);
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 500; i++) {
      String[] words = new String[1 + random.nextInt(4)];
      for (int w = 0; w < words.length; w++) words[w] = WORDS.get(random.nextInt(WORDS.size()));
      lines.append(new ObjectMapper().createObjectNode().put("id", "d" + i).put("prompt", String.join(" ", words))
          .put("completion", capitals(String.join(" ", words)))).append('\n');
    }
    pairs = Files.writeString(folder.resolve("pairs.jsonl"), lines);
    data = prepared("data", folder, "packing=sequence-to-sequence");
    run = folder.resolve("run");
    learned = Ended.well(pretrain(data, run, TINY, "model.family=t5-v1-1", "train.steps=400", "train.microBatch=2"));
  }

  private static String capitals(String words) {
    return words.toUpperCase(Locale.ROOT);
  }

  private static Path prepared(String name, Path tokenizer, String packing) {
    Path out = folder.resolve(name);
    Ended.well("prep", "--in", pairs.toString(), "--out", out.toString(), "--set", packing, "--set",
        "tokenizer=" + tokenizer, "--set", "sequenceLength=12", "--set", "heldOutPercent=15", "--set",
        "textField=prompt");
    return out;
  }

  private static String[] pretrain(Path dataset, Path out, String[] model, String... settings) {
    List<String> all = new ArrayList<>(List.of("pretrain", "--data", dataset.toString(), "--out", out.toString(),
        "--set", "train.precision=float32", "--set", "train.logEvery=100"));
    all.addAll(Arrays.asList(model));
    for (String setting : settings) all.addAll(List.of("--set", setting));
    return all.toArray(String[]::new);
  }

  private static Path checkpoint(Path of) throws IOException {
    try (Stream<Path> all = Files.list(of)) {
      return all.filter(path -> path.getFileName().toString().startsWith("step-")).sorted().reduce((a, b) -> b)
          .orElseThrow();
    }
  }

  /** The number behind a word in what a verb printed. */
  private static double after(String word, String printed) {
    return Double.parseDouble(printed.replaceFirst("(?s).*" + word + "\\s+([\\d.]+).*", "$1"));
  }

  @Test
  void whatIsMeasuredFallsAndWhatIsWrittenIsRight() {
    double perplexity = after("held-out perplexity", learned);
    assertThat(perplexity).as("of 5 words or the end").isBetween(1.0, 1.3);
    String measured = Ended.well("evaluate", "--model", run.toString(), "--data", data.toString(), "--threads", "1");
    assertThat(measured).containsPattern("^perplexity of what is to be written on \\d+ held-out rows");
    assertThat(after("model", measured)).isCloseTo(perplexity, within(0.011));
    String[] asked = {"red", "green white", "black red blue", "white white green red"};
    List<String> generate = new ArrayList<>(List.of("generate", "--model", run.toString(), "--tokens", "8", "--set",
        "temperature=0"));
    for (String prompt : asked) generate.addAll(List.of("--prompt", prompt));
    assertThat(Ended.well(generate.toArray(String[]::new)).lines())
        .containsExactlyElementsOf(Arrays.stream(asked).map(PairVerbsTest::capitals).toList());
  }

  @Test
  void theMemoryOfItIsPlanned() {
    assertThat(Ended.well("plan", "--data", data.toString(), "--threads", "1", "--set", "model.family=t5", "--set",
        "train.precision=float32")).contains("activations", "--conf spark.executor.memory=");
  }

  /** A step at a rate of next to nothing leaves a model as it was. */
  @Test
  void aRunBeginsWithTheModelOfAFolder() throws IOException {
    Path trained = checkpoint(run), again = prepared("again", trained, "packing=sequence-to-sequence");
    Path next = folder.resolve("next");
    String from = "model.from=" + trained;
    String[] go = pretrain(again, next, new String[0], from, "train.steps=2", "optimizer.rate=1e-9",
        "optimizer.adamwRate=1e-9");
    String first = Ended.well(go);
    assertThat(after("held-out perplexity", first)).isCloseTo(after("held-out perplexity", learned), within(0.011));
    assertThat(Ended.well(go)).contains("already complete");
    assertThat(Files.readString(checkpoint(next).resolve("config.json")))
        .isEqualTo(Files.readString(trained.resolve("config.json")));
    assertThat(Ended.refused(pretrain(again, next, new String[0], "model.from=" + checkpoint(next), "train.steps=2",
        "optimizer.rate=1e-9", "optimizer.adamwRate=1e-9"))).contains("model.from is ", "was started with ");
    assertThat(Ended.refused(pretrain(again, folder.resolve("x"), new String[0], "model.from=" + run)))
        .contains("model.from is ", "the folder of a model, with config.json; of a run name one of its checkpoints");
    assertThat(Ended.refused(pretrain(again, folder.resolve("x"), TINY, from)))
        .contains("model says heads=2, layers=1, width=32 beside model.from", "leave out all but model.dropout");
    assertThat(Ended.refused(pretrain(again, folder.resolve("x"), new String[0], from, "model.family=t5")))
        .contains("model.family is t5; it must be left out, or t5-v1-1 as that of model.from");
    assertThat(Ended.refused(pretrain(data, folder.resolve("x"), new String[0], from)))
        .contains("the dataset's tokenizer is another than the model's: prepare the dataset with the tokenizer in");
    Path bert = folder.resolve("bert");
    if (!Files.exists(bert)) GoldenTexts.copy("bert-mlm", bert, 97);
    assertThat(Ended.refused(pretrain(again, folder.resolve("x"), new String[0], "model.from=" + bert)))
        .contains("model.family is bert; it must be t5 or t5-v1-1: the dataset's packing is sequence-to-sequence");
  }

  @Test
  void whatDoesNotFitPairsIsRefusedInOneLine() throws IOException {
    Path none = folder.resolve("none");
    for (String family : List.of("gpt2", "bert"))
      assertThat(Ended.refused(pretrain(data, none, TINY, "model.family=" + family))).contains("model.family is "
          + family + "; it must be t5 or t5-v1-1: the dataset's packing is sequence-to-sequence");
    assertThat(Ended.refused(pretrain(data, none, TINY, "model.family=t5", "objective.kind=span-corruption")))
        .contains("objective.kind is span-corruption; it must be auto or sequence-to-sequence with model.family t5");
    Path plain = prepared("plain", folder, "packing=best-fit");
    assertThat(Ended.refused(pretrain(plain, none, TINY, "model.family=t5", "objective.kind=sequence-to-sequence")))
        .contains("objective.kind is sequence-to-sequence; it must be auto or span-corruption with model.family t5 and "
            + "a dataset whose packing is best-fit");
    assertThat(none).doesNotExist();
    Path gpt = folder.resolve("gpt"), bert = folder.resolve("words");
    GoldenTexts.copy("gpt2", gpt, 97);
    GoldenTexts.copy("bert-mlm", bert, 97);
    assertThat(Ended.of("evaluate", "--model", gpt.toString(), "--data", data.toString()).err())
        .contains("packing sequence-to-sequence, and the model is a decoder: give a t5, or another dataset");
    assertThat(Ended.refused("evaluate", "--model", bert.toString(), "--data", data.toString()))
        .contains("packing sequence-to-sequence, and the model is a bert: give a t5, or another dataset");
  }
}
