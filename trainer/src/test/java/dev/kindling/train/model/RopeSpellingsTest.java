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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** REPORTS C09: only {@code config.json} is edited, the weights are those that transformers wrote. */
class RopeSpellingsTest {
  private static final File CASES = new File("../golden/cases").getAbsoluteFile();

  private static ObjectNode config(String name) throws IOException {
    return Json.parse(Files.readAllBytes(new File(CASES, name + "/config.json").toPath()), name);
  }

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
    ObjectNode newer = config(name);
    ObjectNode older = config(name);
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

  /** Texts are longer than the original 8 tokens: the second list holds. */
  @ParameterizedTest
  @ValueSource(strings = {"su", "yarn", "longrope"})
  void olderFilesOfPhi3HaveOtherNamesForLongrope(String type) throws IOException {
    ObjectNode newer = config("phi3").put("original_max_position_embeddings", 8);
    ObjectNode older = newer.deepCopy();
    older.remove("rope_parameters");
    putFactors(((ObjectNode) newer.get("rope_parameters")).put("rope_type", "longrope"));
    putFactors(older.putObject("rope_scaling").put("type", type));
    try (Kernels kernels = TestKernels.BEST.open(1)) {
      assertThat(logits("phi3", older, kernels)).containsExactly(logits("phi3", newer, kernels));
      older.putNull("rope_scaling");
      assertThat(logits("phi3", older, kernels)).as("without scaling").isNotEqualTo(logits("phi3", newer, kernels));
    }
  }

  private static void putFactors(ObjectNode scaling) {
    scaling.putArray("short_factor").add(1.0).add(1.5);
    scaling.putArray("long_factor").add(2.0).add(4.0);
  }

  @Test
  void olderFilesOfGptNeoxHaveNamesOfTheirOwn() throws IOException {
    ObjectNode newer = config("gpt-neox");
    ObjectNode older = newer.deepCopy();
    older.remove("rope_parameters");
    older.put("rotary_emb_base", 500).put("rotary_pct", 0.5);
    ((ObjectNode) newer.get("rope_parameters")).put("rope_theta", 500);         // not what is usual
    try (Kernels kernels = TestKernels.BEST.open(1)) {
      assertThat(logits("gpt-neox", older, kernels)).containsExactly(logits("gpt-neox", newer, kernels));
      for (String key : new String[]{"rotary_emb_base", "rotary_pct"}) {
        ObjectNode without = older.deepCopy();
        without.remove(key);
        assertThat(logits("gpt-neox", without, kernels)).as("without " + key)
            .isNotEqualTo(logits("gpt-neox", newer, kernels));
      }
    }
  }
}
