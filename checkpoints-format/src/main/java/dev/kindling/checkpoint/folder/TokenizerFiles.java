package dev.kindling.checkpoint.folder;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.FileEntry;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.T5Config;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a model's folder has of its tokenizer: the {@code tokenizer.json} as it is, and beside it the configuration that tells
 * Hugging Face's tools its special tokens. Made once for all checkpoints of a run, as large tokenizers take long to parse.
 */
public final class TokenizerFiles {
  /** What a masked language model's tokenizer calls them: BERT's and RoBERTa's. */
  private static final Map<String, List<String>> BERT_TOKENS = new TreeMap<>(
      Map.of("cls_token", List.of("[CLS]", "<s>"), "sep_token",
          List.of("[SEP]", "</s>"), "pad_token", List.of("[PAD]", "<pad>"), "unk_token", List.of("[UNK]", "<unk>"),
          "mask_token", List.of("[MASK]", "<mask>")));

  private final Map<String, byte[]> contents;          // by name

  private TokenizerFiles(Map<String, byte[]> contents) {
    this.contents = contents;
  }

  /** Of a model without a tokenizer. */
  public static TokenizerFiles none() {
    return new TokenizerFiles(Map.of());
  }

  /** @param config of the model; @param tokenizerJson or null, where there is none */
  public static TokenizerFiles of(ModelConfig config, String tokenizerJson) {
    if (tokenizerJson == null) return none();
    byte[] tokenizer = tokenizerJson.getBytes(StandardCharsets.UTF_8);
    Map<String, byte[]> contents = new TreeMap<>();
    contents.put(ModelFolder.TOKENIZER, tokenizer);
    contents.put(ModelFolder.TOKENIZER_CONFIG,
        Json.bytes(tokenizerConfig(config, Json.parse(tokenizer, ModelFolder.TOKENIZER))));
    return new TokenizerFiles(contents);
  }

  /** The same and one more file, such as a chat template. */
  public TokenizerFiles with(String name, String text) {
    Map<String, byte[]> more = new TreeMap<>(contents);
    more.put(name, text.getBytes(StandardCharsets.UTF_8));
    return new TokenizerFiles(more);
  }

  List<FileEntry> write(ModelFolderWriter.Destination to) throws IOException {
    List<FileEntry> entries = new ArrayList<>();
    for (var file : contents.entrySet()) entries.add(to.write(file.getKey(), out -> out.write(file.getValue())));
    return entries;
  }

  private static ObjectNode tokenizerConfig(ModelConfig config, ObjectNode tokenizer) {
    ObjectNode json = Json.object();
    // The class that takes tokenizer.json as it is; GPT2Tokenizer would bring a pre-tokenizer of its own.
    json.put("tokenizer_class", "PreTrainedTokenizerFast").put("model_max_length", config.contextLength());
    json.put("clean_up_tokenization_spaces", false);
    // that class takes it from here, whatever tokenizer.json says
    if (tokenizer.path("pre_tokenizer").path("add_prefix_space").asBoolean(false)) json.put("add_prefix_space", true);
    boolean types = config instanceof BertConfig bert && bert.tokenTypes() > 1;      // others take none: generate refuses them
    ArrayNode inputs = json.putArray("model_input_names").add("input_ids");
    if (types) inputs.add("token_type_ids");
    inputs.add("attention_mask");
    putToken(json, "bos_token", tokenizer, config.beginToken());
    if (!config.endTokens().isEmpty()) putToken(json, "eos_token", tokenizer, config.endTokens().get(0));
    if (config instanceof BertConfig) BERT_TOKENS.forEach((key, words) -> putWord(json, key, tokenizer, words));
    if (config instanceof T5Config t5) putToken(json, "pad_token", tokenizer, t5.padToken());
    return json;
  }

  private static void putToken(ObjectNode json, String key, ObjectNode tokenizer, int id) {
    for (JsonNode added : tokenizer.path("added_tokens")) {
      if (added.path("id").asInt(-1) == id && id >= 0) json.put(key, added.path("content").asText());
    }
  }

  private static void putWord(ObjectNode json, String key, ObjectNode tokenizer, List<String> words) {
    for (JsonNode added : tokenizer.path("added_tokens")) {
      if (words.contains(added.path("content").asText())) json.put(key, added.path("content").asText());
    }
  }
}
