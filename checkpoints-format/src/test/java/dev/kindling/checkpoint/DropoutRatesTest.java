package dev.kindling.checkpoint;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rates of dropout in {@code config.json}, as transformers reads and writes them. */
class DropoutRatesTest {
  private static final List<String> KEYS = List.of("embd_pdrop", "resid_pdrop", "attn_pdrop", "hidden_dropout_prob",
      "attention_probs_dropout_prob", "dropout", "attention_dropout", "seq_classif_dropout", "dropout_rate",
      "hidden_dropout");

  private static ObjectNode golden(String name) {
    var file = TinyModel.golden(name, "config.json");
    return Json.parse(Storage.readSmall(Storage.of(CONF, file), file, 1 << 20), name);
  }

  static Stream<String> cases() {
    File[] folders = new File("../golden/cases").listFiles(f -> new File(f, "config.json").exists());
    return Arrays.stream(folders).map(File::getName).sorted();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void whatIsReadIsWrittenUnchanged(String name) {
    ObjectNode json = golden(name);
    for (String key : KEYS) if (json.has(key)) json.put(key, json.get(key).asDouble() / 2 + 0.013);
    ModelConfig config = ModelConfig.parse(json, name);
    ObjectNode written = config.toJson();
    int there = 0;
    for (String key : KEYS) {
      if (!json.has(key)) continue;
      there++;
      assertThat(written.path(key).asDouble(-1)).as(key).isEqualTo((double) Float.parseFloat(json.get(key).asText()),
          within(1e-8));
    }
    assertThat(there).isPositive();
    assertThat(ModelConfig.parse(written, name)).isEqualTo(config);
  }

  /** Of files that have no rates: what the classes of transformers' configurations have. */
  @ParameterizedTest
  @CsvSource({"gpt2, 0.1, 0.1, 0.1, 0.0", "bert-classify, 0.1, 0.1, 0.1, 0.1", "roberta-mlm, 0.1, 0.1, 0.1, 0.1",
      "distilbert-mlm, 0.1, 0.1, 0.1, 0.2", "t5-v1.0, 0.1, 0.1, 0.1, 0.1", "gpt-neox, 0, 0, 0, 0",
      "bloom-alibi, 0, 0, 0, 0", "llama-gqa, 0, 0, 0, 0", "phi3, 0, 0, 0, 0"})
  void missingRatesAreTransformersDefaults(String name, float embedding, float residual, float attention,
      float labels) {
    ObjectNode json = golden(name);
    json.remove(KEYS);
    json.remove("classifier_dropout");
    DropoutRates rates = ModelConfig.parse(json, name).dropout();
    assertThat(new DropoutRates(rates.embedding(), rates.residual(), rates.attention(), rates.ofLabels()))
        .isEqualTo(new DropoutRates(embedding, residual, attention, labels));
  }

  @Test
  void aClassifiersOwnRateIsKeptApartFromOneThatIsTheHiddenStates() {
    ObjectNode json = golden("bert-classify").put("hidden_dropout_prob", 0.3);
    assertThat(ModelConfig.parse(json.putNull("classifier_dropout"), "c").dropout().ofLabels()).isEqualTo(0.3f);
    assertThat(ModelConfig.parse(json, "c").toJson().get("classifier_dropout").isNull()).isTrue();
    ModelConfig own = ModelConfig.parse(json.put("classifier_dropout", 0.05), "c");
    assertThat(own.dropout().ofLabels()).isEqualTo(0.05f);
    assertThat(own.toJson().get("classifier_dropout").asDouble()).isEqualTo(0.05);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1", "-0.1", "7", "\"a\"", "0.99999999999"})
  void aRateThatIsNoneIsRefusedInOneLine(String rate) throws Exception {
    ObjectNode json = golden("gpt2");
    json.set("attn_pdrop", new com.fasterxml.jackson.databind.ObjectMapper().readTree(rate));
    assertThatThrownBy(() -> ModelConfig.parse(json, "config.json")).isInstanceOf(UserError.class)
        .hasMessageStartingWith("config.json: attn_pdrop is " + rate).hasMessageContaining("a number");
  }

  @Test
  void aFamilyTakesTheRatesThatItHasAPlaceFor() {
    for (LlamaFamily kind : LlamaFamily.values()) {
      LlamaConfig config = LlamaConfig.of(kind, 300, 64, 32, 2, 4, 2, 48).withDropout(DropoutRates.of(0.2f));
      assertThat(config.dropout().attention()).isEqualTo(0.2f);
      assertThat(config.dropout().residual()).isEqualTo(kind == LlamaFamily.PHI3 ? 0.2f : 0);
      assertThat(ModelConfig.parse(config.toJson(), "written")).isEqualTo(config);
    }
    BloomConfig bloom = BloomConfig.of(300, 64, 32, 2, 4).withDropout(DropoutRates.of(0.2f));
    assertThat(bloom.dropout()).isEqualTo(new DropoutRates(0, 0.2f, 0.2f, 0));
  }
}
