package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Gpt2ConfigTest {
  private static ObjectNode golden() {
    var file = TinyModel.golden("gpt2", "config.json");
    return Json.parse(Storage.readSmall(Storage.of(CONF, file), file, 1 << 20), "test");
  }

  private static ObjectNode parse(String json) {
    return Json.parse(json.getBytes(StandardCharsets.UTF_8), "test");
  }

  @Test
  void theConfigurationThatTransformersWroteIsRead() {
    Gpt2Config config = (Gpt2Config) ModelConfig.read(CONF, TinyModel.golden("gpt2"));
    assertThat(config).isEqualTo(new Gpt2Config(97, 32, 24, 2, 3, 96, 1e-5f, true, 0.02f, 50256, List.of(50256))
        .withDropout(DropoutRates.of(0.1f)));
    assertThat(config.headWidth()).isEqualTo(8);
  }

  @Test
  void parametersOfGpt2AreThe124MillionOfThePaper() {
    Gpt2Config gpt2 = Gpt2Config.of(50257, 1024, 768, 12, 12);
    assertThat(gpt2.parameters()).isEqualTo(124_439_808);
    assertThat(gpt2.withTiedHead(false).parameters()).isEqualTo(124_439_808 + 50257 * 768);
  }

  @Test
  void whatIsWrittenReadsBackTheSame() {
    Gpt2Config[] all = {Gpt2Config.of(300, 64, 32, 2, 4),
        Gpt2Config.of(300, 64, 32, 2, 4).withEndOfText(0).withTiedHead(false),
        Gpt2Config.of(300, 64, 32, 2, 4).withSinusoidalPositions().withEndOfText(3),
        new Gpt2Config(7, 3, 6, 1, 2, 10, 1e-6f, true, 0.01f, 1, List.of(2, 3))};
    for (Gpt2Config config : all) { assertThat(ModelConfig.parse(config.toJson(), "written")).isEqualTo(config); }
  }

  @Test
  void keysThatNobodyKnowsAreIgnored() {
    assertThat(ModelConfig.parse(golden().put("invented_2027", 3), "c")).isEqualTo(ModelConfig.parse(golden(), "c"));
  }

  @Test
  void missingOptionalKeysHaveTransformersDefaults() {
    ObjectNode json = parse(
        "{\"model_type\":\"gpt2\",\"vocab_size\":9,\"n_positions\":8,\"n_embd\":6,\"n_layer\":1,\"n_head\":2}");
    assertThat(ModelConfig.parse(json, "c")).isEqualTo(Gpt2Config.of(9, 8, 6, 1, 2).withDropout(DropoutRates.of(0.1f)));
  }

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {"n_head|5|n_embd is 24; it must be a multiple of n_head, 5",
      "n_layer|null|n_layer is missing; it must be a whole number above 0",
      "n_layer|2.5|n_layer is 2.5; it must be a whole number above 0",
      "n_layer|2000000000|n_layer is 2000000000; it must be between 1 and 10000",
      "vocab_size|\"many\"|vocab_size is \"many\"; it must be a whole number above 0",
      "vocab_size|9223372036854775808|vocab_size is 9223372036854775808; it must be a whole number above 0",
      "n_inner|0|n_inner is 0; it must be a whole number above 0",
      "layer_norm_epsilon|-1|layer_norm_epsilon is -1; it must be a number above 0",
      "tie_word_embeddings|1|tie_word_embeddings is 1; it must be true or false",
      "eos_token_id|[1,-2]|eos_token_id is [1,-2]; it must be a token id",
      "activation_function|\"relu\"|activation_function is \"relu\"; it must be gelu_new or gelu_pytorch_tanh",
      "activation_function|\"gelu\"|activation_function is \"gelu\"; it must be gelu_new or gelu_pytorch_tanh",
      "scale_attn_by_inverse_layer_idx|true|scale_attn_by_inverse_layer_idx is true; it must be false",
      "scale_attn_weights|false|scale_attn_weights is false; it must be true",
      "add_cross_attention|true|add_cross_attention is true; it must be false",
      "model_type|\"opt\"|model_type is \"opt\"; it must be gpt2 or llama",
      "model_type|null|model_type is missing; it must be gpt2"})
  void whatIsWrongIsToldWithItsKeyAndWhatIsAllowed(String key, String value, String message) {
    ObjectNode json = golden();
    json.set(key, parse("{\"v\":" + value + "}").get("v"));
    assertThatThrownBy(() -> ModelConfig.parse(json, "a/config.json")).isInstanceOf(UserError.class)
        .hasMessageStartingWith("a/config.json: " + message);
  }

  @Test
  void aFileThatIsNoJsonIsNamed(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("config.json"), "{\"n_layer\": 1,\n \"n_layer\": 2}");
    assertThatThrownBy(() -> ModelConfig.read(CONF, TinyModel.hadoop(folder))).isInstanceOf(UserError.class)
        .hasMessageContaining("config.json is not valid JSON").hasMessageContaining("line 2");
    assertThatThrownBy(() -> ModelConfig.read(CONF, TinyModel.hadoop(folder.resolve("nothing"))))
        .isInstanceOf(UserError.class)
        .hasMessageContaining("does not exist");
  }

  /** Hadoop's checksummed local file system would refuse it: the file has a side file that no longer fits. */
  @Test
  void aConfigurationThatWasEditedByHandIsRead(@TempDir Path folder) throws Exception {
    org.apache.hadoop.fs.Path file = new org.apache.hadoop.fs.Path(TinyModel.hadoop(folder), "config.json");
    try (var out = file.getFileSystem(CONF).create(file)) {
      out.write(Json.bytes(golden()));
    }
    assertThat(folder.resolve(".config.json.crc")).exists();
    Files.write(folder.resolve("config.json"), Json.bytes(golden().put("n_layer", 7)));
    assertThat(((Gpt2Config) ModelConfig.read(CONF, file)).layers()).isEqualTo(7);
  }
}
