package dev.kindling.checkpoint.folder;

import static dev.kindling.checkpoint.TinyModel.CONF;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.TinyModel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What Hugging Face's tools are told beside {@code tokenizer.json}. */
class TokenizerFilesTest {
  /** What is written for a golden model with a tokenizer, by file. */
  private static Map<String, byte[]> written(String model, String tokenizerJson) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (ModelFolder folder = ModelFolder.open(CONF, TinyModel.golden(model))) {
      TokenizerFiles.of(folder.config(), tokenizerJson).write((name, content) -> {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        content.writeTo(bytes);
        files.put(name, bytes.toByteArray());
        return new FileEntry(name, bytes.size(), "0".repeat(64));
      });
    }
    return files;
  }

  private static List<String> inputs(String model) throws IOException {
    byte[] config = written(model, TinyModel.tokenizerJson()).get("tokenizer_config.json");
    List<String> names = new ArrayList<>();
    for (JsonNode name : Json.parse(config, "tokenizer_config.json").get("model_input_names")) names.add(name.asText());
    return names;
  }

  /** transformers' models refuse inputs that they have no parameter for, and its tokenizers make all that are not ruled out. */
  @ParameterizedTest
  @ValueSource(strings = {"gpt2", "llama-gqa", "mixtral", "t5-v1.1", "distilbert-mlm"})
  void aModelWithoutTypesOfTokensIsHandedNone(String model) throws IOException {
    assertThat(inputs(model)).containsExactly("input_ids", "attention_mask");
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert-mlm", "bert-classify", "bert-tokens"})
  void anEncoderOfPairsIsHandedWhichTextATokenIsOf(String model) throws IOException {
    assertThat(inputs(model)).containsExactly("input_ids", "token_type_ids", "attention_mask");
  }

  @ParameterizedTest
  @CsvSource({"[CLS],cls_token", "<s>,cls_token", "[MASK],mask_token", "<mask>,mask_token", "<pad>,pad_token"})
  void theTokensOfAMaskedModelAreNamedByTheirWords(String word, String key) throws IOException {
    String tokenizer = "{\"added_tokens\": [{\"id\": 7, \"content\": \"" + word + "\"}], \"model\": {}}";
    byte[] config = written("bert-mlm", tokenizer).get("tokenizer_config.json");
    assertThat(Json.parse(config, "tokenizer_config.json").path(key).asText()).isEqualTo(word);
  }

  /** transformers' class takes it from the configuration, and would undo what tokenizer.json says. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aSpaceBeforeTextsIsToldWhereTheTokenizerPutsOne(boolean space) throws IOException {
    String tokenizer = "{\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": " + space
        + "}, \"model\": {}}";
    byte[] config = written("bert-mlm", tokenizer).get("tokenizer_config.json");
    assertThat(Json.parse(config, "tokenizer_config.json").path("add_prefix_space").asBoolean()).isEqualTo(space);
  }

  @Test
  void theTokenizerIsWrittenAsItIs() throws IOException {
    assertThat(written("gpt2", TinyModel.tokenizerJson()).get("tokenizer.json"))
        .asString().isEqualTo(TinyModel.tokenizerJson());
  }

  @Test
  void aModelWithoutATokenizerHasNoFilesOfIt() throws IOException {
    assertThat(written("gpt2", null)).isEmpty();
  }
}
