package dev.kindling.checkpoint.folder;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static dev.kindling.checkpoint.TinyModel.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.TinyModel;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightsHash;
import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import dev.kindling.checkpoint.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFolderTest {
  private static final Gpt2Config TIED = Gpt2Config.of(11, 5, 6, 2, 3), UNTIED = TIED.withTiedHead(false);
  @TempDir
  Path folder;

  /** A folder whose file holds exactly these tensors. */
  private void put(Gpt2Config config, TinyModel.InMemory tensors) throws IOException {
    Files.write(folder.resolve("config.json"), dev.kindling.checkpoint.Json.bytes(config.toJson()));
    SafetensorsWriter.write(CONF, hadoop(folder.resolve("model.safetensors")), tensors);
  }

  private ModelFolder open() {
    return ModelFolder.open(CONF, hadoop(folder));
  }

  @Test
  void aFolderThatTransformersWroteOpens() {
    try (ModelFolder golden = ModelFolder.open(CONF, TinyModel.golden("gpt2"))) {
      assertThat(golden.weights().tensors()).isEqualTo(golden.config().tensors());
      assertThat(golden.config().parameters()).isEqualTo(17_592);
      assertThat(golden.tokenizerFile()).isEmpty();
      assertThat(golden.endTokens()).containsExactly(50256);
    }
  }

  /** REPORTS C03. */
  @Test
  void aTiedModelHasNoHeadOfItsOwnAndNeedsNone() throws Exception {
    TinyModel.InMemory weights = TinyModel.random(TIED, 1);
    put(TIED, weights);
    try (ModelFolder opened = open()) {
      assertThat(opened.weights().find("lm_head.weight")).isNull();
      assertThat(WeightsHash.sha256(opened.weights())).isEqualTo(WeightsHash.sha256(weights));
    }
  }

  /** REPORTS C03: never a random head without a word. */
  @Test
  void aModelThatIsNotTiedAndHasNoHeadIsRefusedByTheTensorsName() throws Exception {
    put(UNTIED, TinyModel.random(TIED, 1));
    assertThatThrownBy(this::open).isInstanceOf(UserError.class)
        .hasMessageContaining("lm_head.weight is missing").hasMessageContaining("tie_word_embeddings is false");
  }

  /** REPORTS C03. */
  @Test
  void theExportOfATiedModelLeavesTheHeadOutAndKeepsTheFlag() throws Exception {
    TinyModel.InMemory weights = TinyModel.random(TIED, 1).with(TensorSpec.float32("lm_head.weight", 11, 6),
        new float[66]);
    ModelFolderWriter.export(CONF, hadoop(folder), TIED, weights, null, ElementType.F32);
    assertThat(Files.readString(folder.resolve("config.json"))).contains("\"tie_word_embeddings\" : true");
    try (SafetensorsReader file = SafetensorsReader.open(CONF, hadoop(folder))) {
      assertThat(file.find("lm_head.weight")).isNull();
      assertThat(file.tensors()).hasSameSizeAs(TIED.tensors());
    }
  }

  @Test
  void anUntiedHeadIsWrittenAndRead() throws Exception {
    ModelFolderWriter.export(CONF, hadoop(folder), UNTIED, TinyModel.random(UNTIED, 3), null, ElementType.BF16);
    try (ModelFolder opened = open()) {
      assertThat(opened.config()).isEqualTo(UNTIED);
      assertThat(opened.weights().find("lm_head.weight"))
          .isEqualTo(new TensorSpec("lm_head.weight", ElementType.BF16, new long[]{11, 6}));
    }
    assertThat(Files.readString(folder.resolve("config.json"))).contains("\"dtype\" : \"bfloat16\"");
  }

  /** As OpenAI's checkpoints on the hub are: no prefix, the causal masks among the weights. */
  @Test
  void namesWithoutPrefixAndMasksAreTakenAsTheyAre() throws Exception {
    TinyModel.InMemory weights = TinyModel.random(TIED, 1), bare = TinyModel.none();
    for (TensorSpec t : weights.tensors())
      bare.with(t.named(t.name().substring("transformer.".length())), weights.read(t.name()));
    for (int n = 0; n < 2; n++) {
      bare.with(TensorSpec.float32("h." + n + ".attn.bias", 1, 1, 5, 5), new float[25]);
      bare.with(TensorSpec.float32("h." + n + ".attn.masked_bias"), -1e4f);
    }
    put(TIED, bare);
    try (ModelFolder opened = open()) {
      assertThat(opened.weights().tensors()).isEqualTo(TIED.tensors());
      assertThat(WeightsHash.sha256(opened.weights())).isEqualTo(WeightsHash.sha256(weights));
    }
  }

  @Test
  void aMissingOrMisshapenTensorIsNamed() throws Exception {
    TinyModel.InMemory weights = TinyModel.random(TIED, 1);
    weights.specs().remove("transformer.h.1.mlp.c_fc.bias");
    put(TIED, weights);
    assertThatThrownBy(this::open).isInstanceOf(UserError.class)
        .hasMessageContaining("transformer.h.1.mlp.c_fc.bias is missing");
    put(TIED, TinyModel.random(TIED, 1).with(TensorSpec.float32("transformer.wpe.weight", 6, 6), new float[36]));
    assertThatThrownBy(this::open).isInstanceOf(UserError.class)
        .hasMessageContaining("transformer.wpe.weight has the shape [6, 6]; config.json asks for [5, 6]");
  }

  @Test
  void endTokensMayBeAListInTheGenerationConfiguration() throws Exception {
    put(TIED.withEndOfText(3), TinyModel.random(TIED, 1));
    try (ModelFolder opened = open()) {
      assertThat(opened.endTokens()).containsExactly(3);
      Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": [4, 9]}");
      assertThat(opened.endTokens()).isEqualTo(List.of(4, 9));
      Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": \"x\"}");
      assertThatThrownBy(opened::endTokens).isInstanceOf(UserError.class).hasMessageContaining("eos_token_id is \"x\"");
    }
  }

  @Test
  void aFolderThatHoldsSomethingElseIsNotWrittenInto() throws Exception {
    Files.writeString(folder.resolve("thesis.tex"), "years of work");
    assertThatThrownBy(
        () -> ModelFolderWriter.export(CONF, hadoop(folder), TIED, TinyModel.random(TIED, 1), null, ElementType.F32))
        .isInstanceOf(UserError.class).hasMessageContaining("holds something else, thesis.tex");
    assertThat(folder).isDirectoryContaining("glob:**thesis.tex").isDirectoryNotContaining("glob:**model*");
  }

  @Test
  void weightsBeyondTheSizeOfOneFileAreWrittenAsShardsThatReadAsOneModel() throws Exception {
    TinyModel.InMemory weights = TinyModel.random(UNTIED, 3);
    ModelFolderWriter.Destination to = (name, content) -> {
      try (var out = Files.newOutputStream(folder.resolve(name))) {
        content.writeTo(out);
      }
      return new FileEntry(name, Files.size(folder.resolve(name)), "0".repeat(64));
    };
    List<FileEntry> written = ModelFolderWriter.write(to, UNTIED, weights, TokenizerFiles.none(), ElementType.F32,
        1000);
    List<String> shards = written.stream().map(FileEntry::name).filter(n -> n.endsWith(".safetensors")).toList();
    assertThat(shards).hasSizeGreaterThan(2).first().asString().startsWith("model-00001-of-0000");
    for (String shard : shards) assertThat(Files.size(folder.resolve(shard))).isLessThan(3000);
    assertThat(Files.readString(folder.resolve("model.safetensors.index.json")))
        .contains("\"total_size\" : " + UNTIED.parameters() * 4,
            "\"lm_head.weight\" : \"" + shards.get(shards.size() - 1));
    try (ModelFolder opened = open()) {
      assertThat(WeightsHash.sha256(opened.weights())).isEqualTo(WeightsHash.sha256(weights));
    }
  }

  @Test
  void anExportReplacesAnOlderOne() throws Exception {
    ModelFolderWriter.export(CONF, hadoop(folder), TIED, TinyModel.random(TIED, 1), TinyModel.tokenizerJson(),
        ElementType.F32);
    ModelFolderWriter.export(CONF, hadoop(folder), TIED, TinyModel.random(TIED, 2), TinyModel.tokenizerJson(),
        ElementType.F32);
    try (ModelFolder opened = open()) {
      assertThat(WeightsHash.sha256(opened.weights())).isEqualTo(WeightsHash.sha256(TinyModel.random(TIED, 2)));
      assertThat(opened.tokenizerJson()).contains(TinyModel.tokenizerJson());
    }
    assertThat(folder.toFile().list()).containsExactlyInAnyOrder("config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json", "generation_config.json", "kindling-export.json");
    ModelFolderWriter.export(CONF, hadoop(folder), TIED, TinyModel.random(TIED, 3), null, ElementType.F32);
    assertThat(folder.toFile().list()).as("no tokenizer of another model stays").containsExactlyInAnyOrder(
        "config.json", "model.safetensors", "generation_config.json", "kindling-export.json");
  }

  @Test
  void anOlderExportStaysWhereTheNewOnesWeightsCannotBeRead() throws Exception {
    TinyModel.InMemory older = TinyModel.random(TIED, 1), newer = TinyModel.random(TIED, 2);
    ModelFolderWriter.export(CONF, hadoop(folder), TIED, older, TinyModel.tokenizerJson(), ElementType.F32);
    String[] files = folder.toFile().list();
    newer.values().remove("transformer.h.1.mlp.c_fc.bias");
    assertThatThrownBy(
        () -> ModelFolderWriter.export(CONF, hadoop(folder), TIED, newer, null, ElementType.F32))
        .isInstanceOf(NullPointerException.class);
    assertThat(folder.toFile().list()).containsExactlyInAnyOrder(files);
    try (ModelFolder opened = open()) {
      assertThat(WeightsHash.sha256(opened.weights())).isEqualTo(WeightsHash.sha256(older));
    }
  }

  /** Only an encoder's pooling is written; a decoder's folder may have one that is not computed here. */
  @Test
  void aDecoderIsExportedWhateverPoolingLiesBesideIt() throws Exception {
    Path model = folder.resolve("model"), out = folder.resolve("out");
    ModelFolderWriter.export(CONF, hadoop(model), TIED, TinyModel.random(TIED, 1), null, ElementType.F32);
    Files.writeString(model.resolve("modules.json"), "[{\"type\": \"sentence_transformers.models.LastToken\"}]");
    try (ModelFolder opened = ModelFolder.open(CONF, hadoop(model))) {
      ModelFolderWriter.export(CONF, hadoop(out), opened, ElementType.F32);
    }
    assertThat(out.toFile().list()).contains("config.json").doesNotContain("modules.json");
  }

  @Test
  void aModelThatSomebodyElseSavedIsNotReplaced() throws Exception {
    put(TIED, TinyModel.random(TIED, 1));
    byte[] weights = Files.readAllBytes(folder.resolve("model.safetensors"));
    assertThatThrownBy(
        () -> ModelFolderWriter.export(CONF, hadoop(folder), TIED, TinyModel.random(TIED, 2), null, ElementType.F16))
        .isInstanceOf(UserError.class).hasMessageContaining("holds something else");
    assertThat(folder.toFile().list()).containsExactlyInAnyOrder("config.json", "model.safetensors");
    assertThat(folder.resolve("model.safetensors")).hasBinaryContent(weights);
  }

  @Test
  void aModelIsNotExportedOntoItself() throws Exception {
    Path model = folder.resolve("model"), link = folder.resolve("link");
    ModelFolderWriter.export(CONF, hadoop(model), TIED, TinyModel.random(TIED, 1), null, ElementType.F32);
    Files.createSymbolicLink(link, model);
    byte[] weights = Files.readAllBytes(model.resolve("model.safetensors"));
    try (ModelFolder opened = ModelFolder.open(CONF, hadoop(model))) {
      for (Path out : List.of(model, folder.resolve("other/../model"), link)) {
        assertThatThrownBy(() -> ModelFolderWriter.export(CONF, hadoop(out), opened, ElementType.F16))
            .isInstanceOf(UserError.class).hasMessageContaining("is the model that is read");
      }
      ModelFolderWriter.export(CONF, hadoop(folder.resolve("half")), opened, ElementType.F16);
    }
    assertThat(model.resolve("config.json")).exists();
    assertThat(model.resolve("model.safetensors")).hasBinaryContent(weights);
    assertThat(folder.resolve("half/config.json")).exists();
  }

  @Test
  void aMissingFolderIsToldAsSuch() {
    assertThatThrownBy(() -> ModelFolder.open(CONF, hadoop(folder.resolve("none")))).isInstanceOf(UserError.class)
        .hasMessageContaining("none does not exist");
    assertThatThrownBy(this::open).isInstanceOf(UserError.class).hasMessageContaining("config.json does not exist");
  }
}
