package dev.kindling.jobs.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.ElementType;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.commit.CheckpointStore;
import dev.kindling.checkpoint.commit.CheckpointWriter;
import dev.kindling.checkpoint.folder.ModelFolderWriter;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code verify}, {@code inspect} and {@code export} make of a run of two checkpoints and of a model's folder. */
class CheckpointVerbsTest {
  private static final Configuration CONF = new Configuration();
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
      CheckpointStore store = new CheckpointStore(CONF, hadoop(run));
      for (long step : new long[]{10, 20}) {
        CheckpointWriter writer = store.begin(step);
        writer.model(config, fresh.weightSource(), null);
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
    assertThat(whole.out().lines()).hasSize(2).allMatch(line -> line.contains("is whole"));
  }

  @Test
  void everyDamagedCheckpointOfARunIsTold() throws IOException {
    Files.writeString(run.resolve("step-00000010/manifest.json"), "{ cut");
    Ended ended = Ended.of("verify", run.toString());
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err().lines()).singleElement().asString().contains("step-00000010/manifest.json");
    assertThat(ended.out().lines()).singleElement().asString().contains("step-00000020: step 20 is whole")
        .containsPattern(", weights [0-9a-f]{64}$");
    Files.writeString(run.resolve("step-00000020/config.json"), "{}");
    assertThat(Ended.of("verify", run.toString()).err().lines()).singleElement().asString()
        .contains("step-00000010/manifest.json", "step-00000020/config.json is damaged");
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
