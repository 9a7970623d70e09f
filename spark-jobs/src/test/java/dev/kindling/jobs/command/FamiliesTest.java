package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.Experts;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Decoders other than GPT-2, from a configuration file to a trained, evaluated and exported model. */
class FamiliesTest {
  @TempDir
  static Path folder;
  static Path data;

  @BeforeAll
  static void prepare() throws IOException {
    data = SmallDataset.prepare(folder);
  }

  private static Path pretrain(String name, String model) throws IOException {
    Path file = Files.writeString(folder.resolve(name + ".yaml"), "model: " + model + """

        train: { steps: 6, virtualRanks: 2, microBatch: 2, precision: float32 }
        optimizer: { kind: muon, rate: 1e-2 }
        schedule: { warmupSteps: 1 }
        """);
    Path run = folder.resolve(name);
    Ended ended = Ended.of("pretrain", file.toString(), "--data", data.toString(), "--out", run.toString());
    assertThat(ended.code()).as(ended.err()).isZero();
    return run;
  }

  private static Ended generate(Path model) {
    Ended ended = Ended.of("generate", "--model", model.toString(), "--prompt", "Fellow", "--tokens", "8", "--set",
        "temperature=0");
    assertThat(ended.code()).as(ended.err()).isZero();
    return ended;
  }

  private static ModelConfig config(Path model) {
    return ModelConfig.read(new Configuration(), new org.apache.hadoop.fs.Path(model.toUri()));
  }

  @Test
  void aLlamaIsTrainedEvaluatedExportedAndReadAgain() throws IOException {
    Path run = pretrain("llama", "{ family: llama, layers: 2, heads: 4, keyValueHeads: 2, width: 32 }");
    Ended evaluated = Ended.of("evaluate", "--model", run.toString(), "--data", data.toString(), "--threads", "1");
    assertThat(evaluated.code()).as(evaluated.err()).isZero();
    assertThat(Double.parseDouble(evaluated.out().lines().skip(1).findFirst().orElseThrow().substring(20).strip()))
        .as("an untrained one has about %d", SmallDataset.VOCABULARY).isLessThan(SmallDataset.VOCABULARY * 0.6);
    Path exported = folder.resolve("llama-hf");
    assertThat(Ended.of("export", "hf", "--model", run.toString(), "--out", exported.toString()).code()).isZero();
    assertThat(generate(exported).out()).startsWith("Fellow").isEqualTo(generate(run).out());
    LlamaConfig config = (LlamaConfig) config(exported);
    assertThat(List.of(config.heads(), config.keyValueHeads(), config.headWidth(), config.innerWidth()))
        .containsExactly(4, 2, 8, 128);
    assertThat(Ended.of("inspect", exported.toString(), "--tensors").out()).contains("llama",
        "model.layers.1.self_attn.k_proj.weight", "[16, 32]");
    Ended gguf = Ended.of("export", "gguf", "--model", run.toString(), "--out",
        folder.resolve("llama.gguf").toString());
    assertThat(gguf.code()).as(gguf.err()).isZero();
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "gemma2|{ family: gemma2, layers: 2, heads: 2, width: 16, headWidth: 4, window: 5 }",
      "mixtral|{ family: mixtral, layers: 1, heads: 2, width: 16, experts: 4, innerWidth: 16 }",
      "phi3|{ family: phi3, layers: 1, heads: 2, width: 16 }",
      "gpt_neox|{ family: gpt-neox, layers: 1, heads: 1, width: 16 }",
      "bloom|{ family: bloom, layers: 1, heads: 3, width: 24 }"})
  void otherFamiliesTrainAndContinueText(String type, String model) throws IOException {
    Path run = pretrain(type, model);
    assertThat(generate(run).out()).startsWith("Fellow");
    Ended gguf = Ended.of("export", "gguf", "--model", run.toString(), "--out", folder.resolve("no.gguf").toString());
    assertThat(gguf.code()).isEqualTo(2);
    assertThat(gguf.err()).contains("GGUF is written of gpt2, llama, mistral and qwen2; this model is " + type);
  }

  @Test
  void aGpt2WithSinusoidalPositionsIsOne() throws IOException {
    Path run = pretrain("sines", "{ layers: 1, heads: 2, width: 16, positions: sinusoidal }");
    Path exported = folder.resolve("sines-hf");
    assertThat(Ended.of("export", "hf", "--model", run.toString(), "--out", exported.toString()).code()).isZero();
    assertThat(((Gpt2Config) config(exported)).sinusoidal()).isTrue();
    assertThat(generate(exported).out()).isEqualTo(generate(run).out());
  }

  @Test
  void expertsAreThoseOfTheConfiguration() throws IOException {
    Path run = pretrain("experts",
        "{ family: mixtral, layers: 1, heads: 2, width: 16, experts: 3, expertsPerToken: 1, innerWidth: 16, "
            + "routerBalance: 0.5, routerZLoss: 0.001 }");
    Path exported = folder.resolve("experts-hf");
    assertThat(Ended.of("export", "hf", "--model", run.toString(), "--out", exported.toString()).code()).isZero();
    assertThat(((LlamaConfig) config(exported)).experts()).isEqualTo(new Experts(3, 1, 0.5f, 0.001f, true));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "{ family: llama, window: 4 }|model.window is 4; it must be 0: a model of the family llama has no window",
      "{ family: gpt2, keyValueHeads: 2 }|model.keyValueHeads is 2; it must be 0: a model of the family gpt2 has heads of its own",
      "{ family: llama, keyValueHeads: 3 }|model.keyValueHeads is 3; it must be a divisor of model.heads, 4",
      "{ family: bloom, experts: 3 }|model.experts is 3; it must be 0: a model of the family bloom has no experts",
      "{ family: qwen2, routerZLoss: 0.001 }|model.routerZLoss is 0.001; it must be 0: a model of the family qwen2 has no experts",
      "{ family: mixtral, routerZLoss: -1 }|model.routerZLoss is -1.0; it must be the weight of a loss, or 0 for none",
      "{ family: lama }|model.family is \"lama\"; it must be one of gpt2, llama"})
  void whatAFamilyDoesNotHaveIsRefused(String model, String message) throws IOException {
    Path file = Files.writeString(folder.resolve("wrong.yaml"), "model: " + model + "\n");
    Ended ended = Ended.of("pretrain", file.toString(), "--data", data.toString(), "--out",
        folder.resolve("never").toString());
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err()).contains("wrong.yaml:1: " + message);
  }
}
