package dev.kindling.checkpoint.folder;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static dev.kindling.checkpoint.TinyModel.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.TensorSpec;
import dev.kindling.checkpoint.TinyModel;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.WeightsHash;
import dev.kindling.checkpoint.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Encoders' files as different releases wrote them. */
class EncoderFolderTest {
  private static final BertConfig WORDS = BertConfig.of(11, 6, 8, 2, 2);
  private static final BertConfig BARE = WORDS.forTask(EncoderTask.ENCODE, List.of());
  @TempDir
  Path folder;

  private void put(ModelConfig config, TinyModel.InMemory tensors) throws IOException {
    Files.write(folder.resolve("config.json"), Json.bytes(config.toJson()));
    SafetensorsWriter.write(CONF, hadoop(folder.resolve("model.safetensors")), tensors);
  }

  private ModelFolder open() {
    return ModelFolder.open(CONF, hadoop(folder));
  }

  /** bert-base-uncased's names: norms in TensorFlow's words, positions' numbers, the decoder and another head beside it. */
  @Test
  void theFirstFilesOfBertAreRead() throws Exception {
    TinyModel.InMemory weights = TinyModel.random(WORDS, 1), old = TinyModel.none();
    for (TensorSpec t : weights.tensors()) {
      String name = t.name().replaceFirst("LayerNorm\\.weight$", "LayerNorm.gamma")
          .replaceFirst("LayerNorm\\.bias$", "LayerNorm.beta");
      old.with(t.named(name), weights.read(t.name()));
    }
    old.with(TensorSpec.float32("bert.embeddings.position_ids", 1, 6), new float[6]);
    old.with(TensorSpec.float32("cls.predictions.decoder.weight", 11, 8), new float[88]);
    old.with(TensorSpec.float32("cls.predictions.decoder.bias", 11), new float[11]);
    old.with(TensorSpec.float32("cls.seq_relationship.weight", 2, 8), new float[16]);
    old.with(TensorSpec.float32("bert.pooler.dense.weight", 8, 8), new float[64]);
    put(WORDS, old);
    try (ModelFolder opened = open()) {
      assertThat(opened.weights().tensors()).isEqualTo(WORDS.tensors());
      assertThat(WeightsHash.sha256(opened.weights())).isEqualTo(WeightsHash.sha256(weights));
    }
  }

  @Test
  void anEncoderMayHaveThePrefixThatItHasUnderAHeadOrNone() throws Exception {
    TinyModel.InMemory weights = TinyModel.random(BARE, 1), prefixed = TinyModel.none();
    for (TensorSpec t : weights.tensors()) prefixed.with(t.named("bert." + t.name()), weights.read(t.name()));
    for (TinyModel.InMemory file : List.of(weights, prefixed)) {
      put(BARE, file);
      try (ModelFolder opened = open()) {
        assertThat(WeightsHash.sha256(opened.weights())).isEqualTo(WeightsHash.sha256(weights));
      }
    }
    TinyModel.InMemory headed = TinyModel.random(WORDS, 2), bare = TinyModel.none();
    for (TensorSpec t : headed.tensors())
      bare.with(t.named(t.name().replaceFirst("^bert\\.", "")), headed.read(t.name()));
    put(WORDS, bare);
    try (ModelFolder opened = open()) {
      assertThat(WeightsHash.sha256(opened.weights())).isEqualTo(WeightsHash.sha256(headed));
    }
  }

  @Test
  void aPoolerIsKeptWhereThereIsOne() throws Exception {
    BertConfig told = (BertConfig) ModelConfig.parse(BARE.toJson(), "c");
    put(BARE, TinyModel.random(told, 1));
    try (ModelFolder opened = open()) {
      assertThat(opened.weights().find("pooler.dense.weight")).isNotNull();
    }
    put(BARE, TinyModel.random(BARE, 1));
    try (ModelFolder opened = open()) {
      assertThat(opened.config()).isEqualTo(BARE);
      assertThat(opened.weights().find("pooler.dense.weight")).isNull();
    }
  }

  @Test
  void aHeadThatIsMissingIsRefusedByName() throws Exception {
    put(WORDS.forTask(EncoderTask.CLASSIFY, List.of("good", "bad")), TinyModel.random(WORDS, 1));
    assertThatThrownBy(this::open).isInstanceOf(UserError.class).hasMessageContaining("pooler.dense.weight is missing");
    put(WORDS.withTiedHead(false), TinyModel.random(WORDS, 1));
    assertThatThrownBy(this::open).isInstanceOf(UserError.class)
        .hasMessageContaining("cls.predictions.decoder.bias is missing");
  }

  @Test
  void theEmbeddingsThatT5RepeatsAreNotTakenTwice() throws Exception {
    T5Config config = T5Config.of(11, 8, 4, 12, 2, 2);
    TinyModel.InMemory weights = TinyModel.random(config, 1);
    String hash = WeightsHash.sha256(weights);
    for (String twin : List.of("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")) {
      weights.with(TensorSpec.float32(twin, 11, 8), new float[88]);
    }
    put(config, weights);
    try (ModelFolder opened = open()) {
      assertThat(WeightsHash.sha256(opened.weights())).isEqualTo(hash);
    }
  }

  @Test
  void anExportSaysWhatTheDecoderStartsWith() throws Exception {
    T5Config config = T5Config.of(300, 8, 4, 12, 2, 2).version11();
    Path out = folder.resolve("out");
    ModelFolderWriter.export(CONF, hadoop(out), config, TinyModel.random(config, 1), null, ElementType.BF16);
    assertThat(Files.readString(out.resolve("generation_config.json"))).contains("\"decoder_start_token_id\" : 0",
        "\"pad_token_id\" : 0", "\"eos_token_id\" : 1");
    try (ModelFolder opened = ModelFolder.open(CONF, hadoop(out))) {
      assertThat(opened.config()).isEqualTo(config);
      assertThat(opened.weights().find("lm_head.weight").type()).isEqualTo(ElementType.BF16);
    }
  }
}
