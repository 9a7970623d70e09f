package dev.kindling.data.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.JsonProblem;
import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The {@code tokenizer.json} of Hugging Face tokenizers, as far as byte-level byte-pair encoding goes. Both forms of merges
 * are read, the strings of old files and the pairs of new ones; pairs are written.
 */
final class TokenizerJson {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LARGEST_ID = 1 << 24;           // 64 times what the largest vocabularies have

  private TokenizerJson() {
  }

  static JsonNode parse(String json, String where) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new UserError(where + " is not JSON: " + JsonProblem.of(e), e);
    }
  }

  static Vocabulary read(JsonNode root, String where) {
    JsonNode model = root.path("model");
    JsonNode words = root.path("pre_tokenizer");
    hold(model.path("type").asText("BPE").equals("BPE") && model.path("merges").isArray(), where, "model.type",
        model.path("type"), "BPE with merges, WordPiece or Unigram");
    hold(absent(root.path("normalizer")) || root.path("normalizer").path("type").asText().equals("NFC"), where,
        "normalizer", root.path("normalizer").path("type"), "null or NFC");
    for (String key : List.of("unk_token", "continuing_subword_prefix", "end_of_word_suffix", "dropout"))
      hold(absent(model.path(key)) || model.path(key).asText().isEmpty(), where, "model." + key, model.path(key),
          "null");
    Map<String, Integer> names = names(model, where);
    boolean split = words.path("type").asText().equals("Sequence");
    JsonNode byteLevel = split ? words.path("pretokenizers").path(1) : words;
    PreTokenizer cut = split ? split(words, where) : byteLevel(words, where);
    return new Vocabulary(names, merges(model.path("merges"), names, where), added(root.path("added_tokens"), where),
        !absent(root.path("normalizer")), byteLevel.path("add_prefix_space").asBoolean(true), cut,
        model.path("ignore_merges").asBoolean(false));
  }

  /** The tokens of a vocabulary that is written as an object, and their ids. */
  static Map<String, Integer> names(JsonNode model, String where) {
    Map<String, Integer> names = new HashMap<>();
    model.path("vocab").properties().forEach(entry -> names.put(entry.getKey(),
        idOf("'" + entry.getKey() + "'", entry.getValue(), where)));
    return names;
  }

  private static PreTokenizer byteLevel(JsonNode words, String where) {
    hold(words.path("type").asText().equals("ByteLevel"), where, "pre_tokenizer.type", words.path("type"),
        "ByteLevel, or a Sequence of Split and ByteLevel");
    return words.path("use_regex").asBoolean(true) ? WordPattern.GPT2.words() : new WholeText();
  }

  private static PreTokenizer split(JsonNode words, String where) {
    JsonNode steps = words.path("pretokenizers");
    JsonNode split = steps.path(0);
    JsonNode byteLevel = steps.path(1);
    hold(steps.size() == 2 && split.path("type").asText().equals("Split")
        && byteLevel.path("type").asText().equals("ByteLevel"), where, "pre_tokenizer.pretokenizers",
        steps.findValuesAsText("type"), "[Split, ByteLevel]");
    // the expressions match every character, so removing what they do not match is the same
    String kept = split.path("invert").asBoolean(false) ? "Removed" : "Isolated";
    hold(split.path("behavior").asText().equals(kept), where, "the Split's behavior", split.path("behavior"),
        "Isolated, or Removed with invert");
    for (String key : List.of("add_prefix_space", "use_regex"))
      hold(!byteLevel.path(key).asBoolean(true), where, "the ByteLevel's " + key + " behind the Split", true, "false");
    JsonNode regex = split.path("pattern").path("Regex");
    return WordPattern.of(regex.asText()).orElseThrow(
        () -> new UserError(where + ": the expression that cuts words is " + regex + "; the ones that are read are "
            + "those of GPT-2, GPT-4, GPT-4o, Llama 3 and Qwen 2 to 3"))
        .words();
  }

  /** @return merges in either form, as pairs of names */
  static List<String[]> pairsOf(JsonNode merges, String where) {
    List<String[]> pairs = new ArrayList<>(merges.size());
    for (JsonNode merge : merges) {
      String[] pair = merge.isArray() && merge.size() == 2
          ? new String[]{merge.get(0).asText(), merge.get(1).asText()}
          : merge.asText().split(" ", -1);
      if (pair.length != 2)
        throw new UserError(where + ": merge " + pairs.size() + " is " + merge
            + "; it must be a pair, or two tokens with one space between");
      pairs.add(pair);
    }
    return pairs;
  }

  static List<MergeTable.Merge> merges(JsonNode merges, Map<String, Integer> names, String where) {
    List<MergeTable.Merge> result = new ArrayList<>(merges.size());
    for (String[] pair : pairsOf(merges, where)) {
      int left = id(pair[0], names, where, result.size());
      int right = id(pair[1], names, where, result.size());
      result.add(new MergeTable.Merge(left, right, id(pair[0] + pair[1], names, where, result.size())));
    }
    return result;
  }

  private static int id(String name, Map<String, Integer> names, String where, int merge) {
    Integer id = names.get(name);
    if (id == null)
      throw new UserError(where + ": merge " + merge + " names '" + name + "', which the vocabulary lacks");
    return id;
  }

  static List<Vocabulary.AddedToken> added(JsonNode tokens, String where) {
    List<Vocabulary.AddedToken> added = new ArrayList<>();
    for (JsonNode token : tokens) {
      String content = token.path("content").asText();
      if (content.isEmpty()) continue;
      for (String flag : List.of("single_word", "lstrip", "rstrip"))
        hold(!token.path(flag).asBoolean(false), where, "added token '" + content + "', " + flag, true, "false");
      boolean special = token.path("special").asBoolean(false);
      int id = idOf("added token '" + content + "'", token.path("id"), where);
      added.add(new Vocabulary.AddedToken(id, content, special,
          token.path("normalized").asBoolean(!special)));
    }
    return added;
  }

  private static int idOf(String token, JsonNode id, String where) {
    UserError.require(
        id.isIntegralNumber() && id.canConvertToInt() && id.intValue() >= 0 && id.intValue() <= LARGEST_ID,
        where + ": the id of " + token, id.isMissingNode() ? "missing" : id, "a whole number from 0 to " + LARGEST_ID);
    return id.intValue();
  }

  static boolean absent(JsonNode node) {
    return node.isMissingNode() || node.isNull();
  }

  static void hold(boolean holds, String where, String key, Object found, String allowed) {
    UserError.require(holds, where + ": " + key, found, allowed + "; other tokenizers are not read yet");
  }

  /** @return the file, the same bytes for the same vocabulary */
  static String write(Vocabulary vocabulary) {
    ObjectNode root = begun(vocabulary.added());
    if (vocabulary.composed()) root.putObject("normalizer").put("type", "NFC");
    else root.putNull("normalizer");
    words(root.putObject("pre_tokenizer"), vocabulary);
    byteLevel(root.putObject("post_processor"), vocabulary.prefixSpace(), true).put("trim_offsets", false);
    byteLevel(root.putObject("decoder"), vocabulary.prefixSpace(), true);
    ObjectNode model = root.putObject("model");
    model.put("type", "BPE");
    for (String key : List.of("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix"))
      model.putNull(key);
    model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", vocabulary.wholeWords());
    putNames(model, vocabulary.names());
    Map<Integer, String> nameOf = new HashMap<>();
    vocabulary.names().forEach((name, id) -> nameOf.put(id, name));
    ArrayNode merges = model.putArray("merges");
    for (MergeTable.Merge merge : vocabulary.merges())
      merges.addArray().add(nameOf.get(merge.left())).add(nameOf.get(merge.right()));
    return root.toPrettyString() + "\n";
  }

  /** What every such file begins with. */
  static ObjectNode begun(List<Vocabulary.AddedToken> tokens) {
    ObjectNode root = JSON.createObjectNode();
    root.put("version", "1.0");
    root.putNull("truncation");
    root.putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    for (Vocabulary.AddedToken token : tokens) {
      added.addObject().put("id", token.id()).put("content", token.content()).put("single_word", false)
          .put("lstrip", false).put("rstrip", false).put("normalized", token.normalized())
          .put("special", token.special());
    }
    return root;
  }

  static void putNames(ObjectNode model, Map<String, Integer> names) {
    ObjectNode vocab = model.putObject("vocab");
    names.entrySet().stream().sorted(Map.Entry.comparingByValue())
        .forEach(entry -> vocab.put(entry.getKey(), entry.getValue()));
  }

  private static void words(ObjectNode node, Vocabulary vocabulary) {
    boolean gpt2 = vocabulary.words().equals(WordPattern.GPT2.words());
    if (gpt2 || vocabulary.words() instanceof WholeText) {
      byteLevel(node, vocabulary.prefixSpace(), gpt2);
      return;
    }
    ArrayNode steps = node.put("type", "Sequence").putArray("pretokenizers");
    ObjectNode split = steps.addObject().put("type", "Split");
    split.putObject("pattern").put("Regex", WordPattern.of(vocabulary.words()).regex());
    split.put("behavior", "Isolated").put("invert", false);
    byteLevel(steps.addObject(), false, false);
  }

  private static ObjectNode byteLevel(ObjectNode node, boolean prefixSpace, boolean words) {
    return node.put("type", "ByteLevel").put("add_prefix_space", prefixSpace).put("trim_offsets", true).put("use_regex",
        words);
  }
}
