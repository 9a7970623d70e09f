package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.CheckpointWriter;
import dev.kindling.checkpoint.commit.OptimizerRange;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import dev.kindling.checkpoint.folder.TokenizerFiles;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code verify}, {@code inspect} and {@code export} make of a run of two checkpoints and of a model's folder. */
class CheckpointVerbsTest {
  private static final Configuration CONF = new Configuration();
  private static final List<OptimizerRange> STATES = List
      .of(new OptimizerRange("exp_avg/w", 0, 2, (at, into, offset, n) -> into[offset] = 1));
  @TempDir
  Path folder;
  private Path run, model;

  @BeforeEach
  void writeARunAndAModel() throws IOException {
    run = folder.resolve("run");
    model = folder.resolve("model");
    Gpt2Config config = Gpt2Config.of(20, 4, 8, 1, 2);
    try (Kernels kernels = PlainKernels.of(1);
        DecoderModel fresh = DecoderModel.create(config, kernels, Precision.FLOAT32, 7)) {
      ModelFolderWriter.export(CONF, hadoop(model), config, fresh.weightSource(), null, ElementType.F32);
    }
    write(null, 10, 20);
  }

  private void write(String tokenizerJson, long... steps) throws IOException {
    Gpt2Config config = Gpt2Config.of(20, 4, 8, 1, 2);
    try (Kernels kernels = PlainKernels.of(1);
        DecoderModel fresh = DecoderModel.create(config, kernels, Precision.FLOAT32, 7)) {
      CheckpointStore store = new CheckpointStore(CONF, hadoop(run));
      for (long step : steps) {
        CheckpointWriter writer = store.begin(step);
        writer.model(config, fresh.weightSource(), TokenizerFiles.of(config, tokenizerJson));
        if (step > 20) writer.optimizer(0, 1, STATES);
        writer.commit();
      }
    }
  }

  private static org.apache.hadoop.fs.Path hadoop(Path path) {
    return new org.apache.hadoop.fs.Path(path.toUri());
  }

  @Test
  void aRunIsWholeWhenAllItsCheckpointsAre() {
    Ended whole = Ended.of("verify", run.toString());
    assertThat(whole.code()).as(whole.err()).isZero();
    assertThat(whole.out().lines()).satisfiesExactly(
        first -> assertThat(first).startsWith("step-00000010  step 10 is whole: "),
        second -> assertThat(second).startsWith("step-00000020  step 20 is whole: ")
            .containsPattern(", weights [0-9a-f]{12}$"),
        sum -> assertThat(sum).startsWith("2 checkpoints in " + run + ", ").endsWith(" bytes: whole"));
    assertThat(Ended.well("verify", run.resolve("step-00000020").toString()).lines()).singleElement().asString()
        .contains("step-00000020: step 20 is whole").containsPattern(", weights [0-9a-f]{64}$");
  }

  @Test
  void everyDamagedCheckpointOfARunIsTold() throws IOException {
    Files.writeString(run.resolve("step-00000010/manifest.json"), "{ cut");
    Ended ended = Ended.of("verify", run.toString());
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err().lines()).singleElement().asString().endsWith(
        "1 of 2 checkpoints in " + run + " is damaged: step-00000010; the newest whole one is step-00000020");
    assertThat(ended.out().lines()).satisfiesExactly(
        first -> assertThat(first).startsWith("step-00000010  DAMAGED: manifest.json is not valid JSON: "),
        second -> assertThat(second).startsWith("step-00000020  step 20 is whole: "));
    Files.writeString(run.resolve("step-00000020/config.json"), "{}");
    Ended both = Ended.of("verify", run.toString());
    assertThat(both.out()).contains("step-00000020  DAMAGED: config.json is damaged: it has 2 bytes");
    assertThat(both.err()).endsWith("are damaged: step-00000010, step-00000020; none is whole\n");
  }

  @Test
  void inspectionListsCheckpointsTensorsAndDamage() throws IOException {
    Ended whole = Ended.of("inspect", run.toString(), "--tensors");
    assertThat(whole.code()).as(whole.err()).isZero();
    assertThat(whole.out()).contains("step-00000010", "step 20, attempt 1", "transformer.wte.weight", "[20, 8]");
    assertThat(Ended.of("inspect", run.toString()).out()).doesNotContain("transformer.wte.weight");
    assertThat(Ended.of("inspect", model.resolve("model.safetensors").toString()).out()).contains("safetensors");
    assertThat(Ended.of("inspect", model.toString(), "--json").out()).startsWith("{").contains("\"parameters\" : ");
    Files.writeString(run.resolve("step-00000020/config.json"), "{}");
    Ended damaged = Ended.of("inspect", run.resolve("step-00000020").toString());
    assertThat(damaged.code()).isEqualTo(2);
    assertThat(damaged.out()).contains("config.json is damaged");
  }

  /** What a damage of a named checkpoint's is told by, and what makes it. */
  static Stream<Arguments> damages() {
    return Stream.of(
        damage("model.safetensors is damaged: its SHA-256", step -> {
          byte[] bytes = Files.readAllBytes(step.resolve("model.safetensors"));
          bytes[bytes.length - 3] ^= 1;                                        // a weight that is still a number
          Files.write(step.resolve("model.safetensors"), bytes);
        }),
        damage("model.safetensors is damaged: it has 9 bytes",
            step -> Files.write(step.resolve("model.safetensors"), new byte[9])),
        damage("generation_config.json does not exist", step -> Files.delete(step.resolve("generation_config.json"))),
        damage("manifest.json is not valid JSON", step -> Files.writeString(step.resolve("manifest.json"), "{ cut")),
        damage("manifest.json, which is written last", step -> Files.delete(step.resolve("manifest.json"))));
  }

  /** What a test does to a folder. */
  @FunctionalInterface
  interface Damaging {
    void damage(Path step) throws IOException;
  }

  private static Arguments damage(String told, Damaging damaging) {
    return Arguments.of(told, damaging);
  }

  @ParameterizedTest
  @MethodSource("damages")
  void aNamedCheckpointThatIsDamagedIsUsedByNoVerb(String told, Damaging damaging) throws IOException {
    Path step = run.resolve("step-00000020");
    String named = step.toString(), out = folder.resolve("out").toString();
    damaging.damage(step);
    String another = "name the run's folder, " + run
        + ", whose newest whole checkpoint is then taken, or another step that "
        + "kindling verify " + run + " calls whole";
    for (String[] verb : new String[][]{{"export", "hf", "--model", named, "--out", out},
        {"export", "gguf", "--model", named, "--out", out},
        {"export", "hf", "--average", "--model", named, "--out", out},
        {"generate", "--model", named, "--prompt", "a"},
        {"predict", "--model", named, "--in", "a", "--out", out + ".jsonl"}})
      assertThat(Ended.refused(verb)).as(String.join(" ", verb)).contains(step.toString(), told, another);
    if (Files.notExists(step.resolve("manifest.json")))
      assertThat(Ended.refused("generate", "--model", named, "--prompt", "a"))
          .contains("calls whole, or rename this folder, if it is a model that you copied yourself");
    assertThat(Ended.refused("verify", named)).contains(told);
    assertThat(folder.resolve("out")).doesNotExist();
    Ended.well("export", "hf", "--model", run.toString(), "--out", out);
    assertThat(folder.resolve("out")).exists();
  }

  @Test
  void aNamedCheckpointThatIsWholeIsUsedWhereverItLies() throws IOException {
    Path copy = Files.createDirectory(folder.resolve("copy"));
    try (Stream<Path> files = Files.list(run.resolve("step-00000010"))) {
      for (Path file : files.toList()) Files.copy(file, copy.resolve(file.getFileName()));
    }
    Ended.well("export", "hf", "--model", copy.toString(), "--out", folder.resolve("out").toString());
    Files.writeString(copy.resolve("config.json"), "{}");
    assertThat(Ended.refused("export", "hf", "--model", copy.toString(), "--out", folder.resolve("out").toString()))
        .contains("copy/config.json is damaged", "copy it again from its run");
  }

  /** A word of ids, by the tokenizer of what is named. */
  private static String[] encode(Path named) {
    return new String[]{"tokenizer", "encode", "--tokenizer", named.toString(), "a"};
  }

  @Test
  void theTokenizerOfARunIsThatOfTheNewestCheckpointThatHasItWhole() throws IOException {
    assertThat(Ended.refused(encode(run))).contains("no tokenizer at", "step-00000020/tokenizer.json");
    write("{\"none\": 1}", 30, 40);
    Path newest = run.resolve("step-00000040"), before = run.resolve("step-00000030");
    for (String other : List.of("model.safetensors", "config.json")) Files.writeString(newest.resolve(other), "{}");
    assertThat(Ended.refused(encode(run))).contains("step-00000040/tokenizer.json").doesNotContain("damaged");
    assertThat(Ended.refused(encode(newest))).contains("step-00000040/tokenizer.json").doesNotContain("damaged");
    Files.writeString(newest.resolve("tokenizer.json"), "{\"none\": 2}");
    assertThat(Ended.refused(encode(run))).contains("step-00000030/tokenizer.json").doesNotContain("damaged");
    assertThat(Ended.refused(encode(newest))).contains("step-00000040/tokenizer.json is damaged",
        "name the run's folder, " + run);
    Files.delete(before.resolve("manifest.json"));
    for (String step : List.of("step-00000010", "step-00000020"))
      Files.writeString(run.resolve(step).resolve("manifest.json"), "{ cut");
    assertThat(Ended.refused(encode(run))).contains("no checkpoint of the run in " + run + " has its tokenizer whole",
        "kindling verify");
  }

  @Test
  void aFileThatIsNoJsonIsNoTokenizer() throws IOException {
    Path file = Files.writeString(folder.resolve("words"), "{}");
    assertThat(Ended.refused(encode(file)))
        .contains("tokenizer " + file + " is a file; name the tokenizer.json, or a folder that holds one");
  }

  /** Training goes on from a whole checkpoint only; a model is not read from the states of its optimizer. */
  @Test
  void aNamedModelIsReadWhereOnlyItsOptimizersStatesAreDamaged() throws IOException {
    write(null, 30);
    Path step = run.resolve("step-00000030");
    try (Stream<Path> states = Files.list(step.resolve("optimizer"))) {
      for (Path file : states.toList()) Files.writeString(file, "{}");
    }
    String out = folder.resolve("out").toString();
    Ended.well("export", "hf", "--model", step.toString(), "--out", out);
    assertThat(Ended.refused("export", "hf", "--average", "--model", step.toString(), "--out", out))
        .contains("optimizer/", "is damaged");
    assertThat(Ended.refused("verify", step.toString())).contains("optimizer/", "is damaged");
  }

  @Test
  void anExportWithTheNameOfACheckpointIsAModel() {
    String export = folder.resolve("step-00000300").toString();
    Ended.well("export", "hf", "--model", model.toString(), "--out", export);
    Ended.well("export", "hf", "--model", export, "--out", folder.resolve("again").toString());
  }

  @Test
  void anExportOntoTheModelItselfLeavesItAsItIs() throws IOException {
    byte[] weights = Files.readAllBytes(model.resolve("model.safetensors"));
    Ended ended = Ended.of("export", "hf", "--model", model.toString(), "--out", model.toString(), "--type", "F16");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err().lines()).singleElement().asString().contains("is the model that is read");
    assertThat(model.resolve("config.json")).exists();
    assertThat(model.resolve("model.safetensors")).hasBinaryContent(weights);
  }
}
