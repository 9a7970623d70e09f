package dev.kindling.checkpoint.inspect;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static dev.kindling.checkpoint.TinyModel.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.TinyModel;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.CheckpointWriter;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.checkpoint.folder.TokenizerFiles;
import dev.kindling.checkpoint.gguf.GgufExport;
import dev.kindling.checkpoint.gguf.GgufType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectionTest {
  private static final Gpt2Config CONFIG = Gpt2Config.of(300, 5, 6, 2, 3);
  @TempDir
  Path folder;

  private Inspection inspect(Path path) {
    return Inspection.of(CONF, hadoop(path));
  }

  @Test
  void anOnnxFileShowsItsOperatorsAndTensors() throws Exception {
    Inspection it = inspect(Path.of("src/test/resources/onnx/bert-eager-17.onnx").toAbsolutePath());
    assertThat(it.toJson().path("inputs").asText()).isEqualTo("input_ids, attention_mask, token_type_ids");
    assertThat(it.toJson().path("operators").path("LayerNormalization").asInt()).isEqualTo(5);
    assertThat(it.tensorLines())
        .anyMatch(l -> l.matches("  auto_model\\.encoder\\.layer\\.1\\.output\\.dense\\.bias +F32 +\\[12]"));
  }

  @Test
  void aModelFolderShowsItsConfigurationParametersAndTensors() throws Exception {
    TinyModel.write(folder, CONFIG, 1);
    Inspection it = inspect(folder);
    assertThat(it.toJson().path("kind").asText()).isEqualTo("model folder");
    assertThat(it.toJson().path("parameters").asLong()).isEqualTo(CONFIG.parameters());
    assertThat(it.toJson().path("bytesByType").path("F32").asLong()).isEqualTo(4 * CONFIG.parameters());
    assertThat(it.tensorLines())
        .anyMatch(l -> l.matches("  transformer\\.h\\.1\\.attn\\.c_attn\\.weight +F32 +\\[6, 18\\]"));
    assertThat(it.lines()).anyMatch(l -> l.matches("  n_layer +2")).noneMatch(l -> l.contains("\n"));
  }

  @Test
  void aCheckpointShowsItsStepAndWhetherItIsWhole() throws Exception {
    CheckpointStore store = new CheckpointStore(CONF, hadoop(folder));
    CheckpointWriter writer = store.begin(1200, store.claimEpoch());
    writer.model(CONFIG, TinyModel.random(CONFIG, 1), TokenizerFiles.none());
    writer.commit(List.of(), Json.object().put("loss", 3.25));
    Path step = folder.resolve("step-00001200");
    assertThat(inspect(step).lines()).anyMatch(l -> l.matches("step +1,200")).anyMatch(l -> l.matches("  loss +3.25"))
        .anyMatch(l -> l.matches("whole +true"));
    assertThat(inspect(folder).lines()).anyMatch(l -> l.matches("  step-00001200 +step 1,200, attempt 1, .* bytes"));
    assertThat(inspect(folder).lines()).anyMatch(l -> l.matches("newestWhole +step-00001200"))
        .anyMatch(l -> l.matches("  n_layer +2"));
    Files.writeString(step.resolve("config.json"), "{}");
    Inspection damaged = inspect(step);
    assertThat(damaged.whole()).isFalse();
    assertThat(damaged.lines()).anyMatch(l -> l.startsWith("damage") && l.contains("config.json is damaged"));
    Files.writeString(step.resolve("manifest.json"), "{}");
    assertThat(inspect(folder).whole()).isFalse();
    assertThat(inspect(folder).lines()).anyMatch(l -> l.matches("newestWhole +none"))
        .anyMatch(l -> l.matches("  step-00001200 .*manifest.json is not the manifest of a checkpoint"));
  }

  @Test
  void weightFilesShowTheirTensors() throws Exception {
    TinyModel.write(folder.resolve("m"), CONFIG, 1);
    try (ModelFolder model = ModelFolder.open(CONF, hadoop(folder.resolve("m")))) {
      GgufExport.write(CONF, model, hadoop(folder.resolve("m.gguf")), GgufType.F16);
    }
    assertThat(inspect(folder.resolve("m/model.safetensors")).lines()).anyMatch(l -> l.matches("  format +pt"));
    Inspection gguf = inspect(folder.resolve("m.gguf"));
    assertThat(gguf.tensorLines()).anyMatch(l -> l.matches("  blk\\.1\\.ffn_up\\.weight +F16 +\\[24, 6\\]"));
    assertThat(gguf.lines()).anyMatch(l -> l.matches("  tokenizer.ggml.tokens +300 values"));
  }

  @Test
  void whatIsNothingKnownIsToldAsSuch() throws Exception {
    Files.writeString(folder.resolve("notes.txt"), "hello");
    assertThatThrownBy(() -> inspect(folder)).isInstanceOf(UserError.class).hasMessageContaining("is nothing known");
    assertThatThrownBy(() -> inspect(folder.resolve("notes.txt"))).isInstanceOf(UserError.class)
        .hasMessageContaining("is neither");
    assertThatThrownBy(() -> inspect(folder.resolve("none"))).isInstanceOf(UserError.class)
        .hasMessageContaining("does not exist");
  }
}
