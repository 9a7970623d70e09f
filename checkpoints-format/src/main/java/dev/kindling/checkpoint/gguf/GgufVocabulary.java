package dev.kindling.checkpoint.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.UserError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A byte-level BPE {@code tokenizer.json} as llama.cpp wants it: tokens by id, their kinds, and merges as {@code "a
 * b"}. llama.cpp knows pre-tokenizers by name only, so what it would split otherwise is refused here.
 *
 * @param tokens one for each row of the embedding; rows beyond the tokenizer's are {@code [PADn]}
 */
record GgufVocabulary(List<String> tokens, int[] kinds, List<String> merges) {
  private static final Logger LOG = LoggerFactory.getLogger(GgufVocabulary.class);
  private static final int NORMAL = 1, CONTROL = 3, USER_DEFINED = 4, UNUSED = 5;
  /** GPT-2's own split (openai/gpt-2, encoder.py), which llama.cpp knows as {@code gpt-2}. */
  private static final String GPT2_SPLIT = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

  /** @param size of the model's vocabulary; @param where the file, for errors */
  static GgufVocabulary parse(String json, int size, String where) {
    ObjectNode file = Json.parse(json.getBytes(StandardCharsets.UTF_8), where);
    JsonNode model = file.path("model");
    if (!model.path("vocab").isObject() || !model.path("merges").isArray()
        || !model.path("type").asText("BPE").equals("BPE")) {
      throw new UserError(
          where + ": model is " + model.path("type") + "; GGUF takes a BPE with vocab and merges");
    }
    requireGpt2Split(file.path("pre_tokenizer"), where);
    if (!file.path("normalizer").isNull() && !file.path("normalizer").isMissingNode()) {
      LOG.warn("{}: llama.cpp does not normalise; texts that the normalizer changes get other tokens there", where);
    }
    String[] tokens = new String[size];
    int[] kinds = new int[size];
    for (var entry : model.get("vocab").properties())
      put(tokens, kinds, entry.getKey(), entry.getValue(), NORMAL, where);
    for (JsonNode added : file.path("added_tokens")) {
      int kind = added.path("special").asBoolean() ? CONTROL : USER_DEFINED;
      put(tokens, kinds, added.path("content").asText(), added.path("id"), kind, where);
    }
    for (int id = 0; id < size; id++) {
      if (tokens[id] == null) put(tokens, kinds, "[PAD" + id + "]", Json.object().numberNode(id), UNUSED, where);
    }
    List<String> merges = new ArrayList<>();
    for (JsonNode merge : model.get("merges")) merges.add(merge(merge, where));
    return new GgufVocabulary(Arrays.asList(tokens), kinds, merges);
  }

  private static void put(String[] tokens, int[] kinds, String token, JsonNode idNode, int kind, String where) {
    int id = idNode.isIntegralNumber() && idNode.canConvertToInt() ? idNode.intValue() : -1;
    if (id < 0 || id >= tokens.length) {
      throw new UserError(where + ": the token " + Json.object().textNode(token) + " has the id " + idNode
          + "; the model's vocabulary ends at " + (tokens.length - 1));
    }
    if (tokens[id] != null && !tokens[id].equals(token)) {
      throw new UserError(where + ": the id " + id + " stands for two tokens");
    }
    tokens[id] = token;
    kinds[id] = kind;
  }

  /** Old files have "a b", new ones ["a", "b"]. */
  private static String merge(JsonNode merge, String where) {
    if (merge.isTextual() && merge.textValue().split(" ", -1).length == 2) return merge.textValue();
    if (merge.isArray() && merge.size() == 2 && merge.get(0).isTextual() && merge.get(1).isTextual()) {
      String a = merge.get(0).textValue(), b = merge.get(1).textValue();
      if (!a.contains(" ") && !b.contains(" ")) return a + " " + b;
      throw new UserError(
          where + ": the merge " + merge + " holds a space, which GGUF cannot tell; byte-level tokens have none");
    }
    throw new UserError(where + ": the merge " + merge + " is neither \"a b\" nor [\"a\", \"b\"]");
  }

  private static void requireGpt2Split(JsonNode pre, String where) {
    JsonNode steps = pre.path("type").asText().equals("Sequence") ? pre.path("pretokenizers") : null;
    JsonNode last = steps == null ? pre : steps.path(steps.size() - 1);
    boolean bytes = last.path("type").asText().equals("ByteLevel") && !last.path("add_prefix_space").asBoolean(true);
    boolean own = last.path("use_regex").asBoolean(true);
    boolean split = steps != null && steps.size() == 2 && steps.get(0).path("type").asText().equals("Split")
        && steps.get(0).path("pattern").path("Regex").asText().equals(GPT2_SPLIT)
        && steps.get(0).path("behavior").asText().equals("Isolated") && !steps.get(0).path("invert").asBoolean();
    if (!bytes || !(own ? steps == null || steps.size() == 1 : split)) {
      throw new UserError(where + ": the pre_tokenizer is none that llama.cpp knows as gpt-2; it must be ByteLevel with"
          + " add_prefix_space false and GPT-2's pattern (use_regex true)");
    }
  }
}
