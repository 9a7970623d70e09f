package dev.kindling.jobs.train;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.data.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Tokens that an objective needs and that no text has: they get the ids behind the dataset's vocabulary, and the names that
 * Hugging Face's tools know them by.
 *
 * @param first id of the first, which is the size of the dataset's vocabulary
 */
record ExtraTokens(int first, List<String> names) {
  /** As many as T5 has (Raffel et al. 2020, section 3.1.4). */
  private static final int SENTINELS = 100;

  static ExtraTokens none(int vocabulary) {
    return new ExtraTokens(vocabulary, List.of());
  }

  /** Padding and mask. */
  static ExtraTokens ofMaskedWords(int vocabulary) {
    return new ExtraTokens(vocabulary, List.of("[PAD]", "[MASK]"));
  }

  /** Padding, which decoders start with, and sentinels, the first of them last. */
  static ExtraTokens ofSpans(int vocabulary) {
    List<String> names = new ArrayList<>(List.of("<pad>"));
    for (int i = SENTINELS - 1; i >= 0; i--) names.add("<extra_id_" + i + ">");
    return new ExtraTokens(vocabulary, names);
  }

  int id(String name) {
    int index = names.indexOf(name);
    if (index < 0) throw new IllegalArgumentException("no token " + name);
    return first + index;
  }

  /** Size of the vocabulary with them. */
  int vocabulary() {
    return first + names.size();
  }

  /** @param tokenizerJson the dataset's; @return the same with these */
  String addedTo(String tokenizerJson) {
    if (names.isEmpty()) return tokenizerJson;
    ObjectNode root = Json.parse(tokenizerJson.getBytes(StandardCharsets.UTF_8), Tokenizer.FILE);
    ArrayNode added = root.withArray("added_tokens");
    for (String name : names) {
      added.addObject().put("id", id(name)).put("content", name).put("single_word", false).put("lstrip", false)
          .put("rstrip", false).put("normalized", false).put("special", true);
    }
    return new String(Json.bytes(root), StandardCharsets.UTF_8);
  }
}
