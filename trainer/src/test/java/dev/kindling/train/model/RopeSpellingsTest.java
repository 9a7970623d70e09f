package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.safetensors.SafetensorsReader;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** REPORTS C09: only {@code config.json} is edited, the weights are those that transformers wrote. */
class RopeSpellingsTest {
  private static final File CASES = new File("../golden/cases").getAbsoluteFile();

  private static float[] logits(String name, ObjectNode config, Kernels kernels) {
    Path weights = new Path(new File(CASES, name).toURI());
    try (GoldenCase golden = GoldenCase.of(name);
        SafetensorsReader files = SafetensorsReader.open(new Configuration(), weights);
        DecoderModel model = DecoderModel.load((DecoderConfig) ModelConfig.parse(config, "edited"), files, kernels,
            Precision.FLOAT32)) {
      return model.logits(golden.batch());
    }
  }

  @ParameterizedTest
  @CsvSource({"llama-rope-linear, type", "llama-rope-linear, rope_type", "llama-rope-llama3, type",
      "llama-rope-llama3, rope_type", "llama-rope-yarn, type", "llama-rope-yarn, rope_type", "llama-rope-dynamic, type",
      "llama-rope-dynamic, rope_type"})
  void olderSpellingsGiveTheSameBits(String name, String typeKey) throws IOException {
    byte[] file = Files.readAllBytes(new File(CASES, name + "/config.json").toPath());
    ObjectNode newer = Json.parse(file, name);
    ObjectNode older = Json.parse(file, name);
    ObjectNode parameters = (ObjectNode) older.remove("rope_parameters");
    older.set("rope_theta", parameters.remove("rope_theta"));
    String type = parameters.remove("rope_type").asText();
    parameters.put(typeKey, type);
    older.set("rope_scaling", parameters);
    try (Kernels kernels = TestKernels.BEST.open(1)) {
      assertThat(logits(name, older, kernels)).containsExactly(logits(name, newer, kernels));
      older.putNull("rope_scaling").put("max_position_embeddings", 64);
      assertThat(logits(name, older, kernels)).as("without scaling").isNotEqualTo(logits(name, newer, kernels));
    }
  }
}
