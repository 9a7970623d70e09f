package dev.kindling.jobs.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.Json;
import dev.kindling.checkpoint.UserError;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.jobs.model.SpecialTokens;
import dev.kindling.train.objective.SpanCorruption;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Tokens that an objective needs and that no text has, by the names that Hugging Face's tools know them by. Those that the
 * dataset's tokenizer has already as special ones stay where they are; the others get the ids behind its vocabulary.
 *
 * @param first id of the first that is added, which is the size of the dataset's vocabulary
 * @param names of those that are added; @param there ids of those that the tokenizer has; @param special ids of all its special ones
 */
record ExtraTokens(int first, List<String> names, Map<String, Integer> there, Set<Integer> special) {
  private ExtraTokens(int first, List<String> names) {
    this(first, names, Map.of(), Set.of());
  }

  static ExtraTokens none(int vocabulary) {
    return new ExtraTokens(vocabulary, List.of());
  }

  /** Padding and mask. */
  static ExtraTokens ofMaskedWords(int vocabulary) {
    return new ExtraTokens(vocabulary, List.of("[PAD]", "[MASK]"));
  }

  /**
   * Those of a trained model of masked words, whose tokenizer has BERT's or RoBERTa's name for the mask: nothing is added.
   *
   * @return empty where it has no mask
   */
  static Optional<ExtraTokens> ofTrained(int vocabulary, String tokenizerJson, int padding) {
    Map<String, Integer> special = SpecialTokens.of(tokenizerJson, "the dataset's " + Tokenizer.FILE).ids();
    Integer mask = special.getOrDefault("[MASK]", special.get("<mask>"));
    return Optional.ofNullable(mask).map(id -> new ExtraTokens(vocabulary, List.of(),
        Map.of("[PAD]", padding, "[MASK]", id), Set.copyOf(special.values())));
  }

  /** Padding, which decoders start with, and sentinels, the first of them last. */
  static ExtraTokens ofSpans(int vocabulary) {
    List<String> names = new ArrayList<>(List.of("<pad>"));
    for (int i = SpanCorruption.SENTINELS - 1; i >= 0; i--) names.add(SpecialTokens.sentinel(i));
    return new ExtraTokens(vocabulary, names);
  }

  /** The same with the special tokens that a dataset's tokenizer has. @throws UserError where sentinels are not as T5 has them */
  ExtraTokens in(String tokenizerJson) {
    SpecialTokens found = SpecialTokens.of(tokenizerJson, "the dataset's " + Tokenizer.FILE);
    if (names.contains(SpecialTokens.sentinel(0)))
      found.refuseScatteredSentinels("prepare the dataset with a tokenizer without any");
    Map<String, Integer> there = new HashMap<>(found.ids());
    there.keySet().retainAll(names);
    return new ExtraTokens(first, names.stream().filter(name -> !there.containsKey(name)).toList(), there,
        Set.copyOf(found.ids().values()));
  }

  int id(String name) {
    if (there.containsKey(name)) return there.get(name);
    int index = names.indexOf(name);
    if (index < 0) throw new IllegalArgumentException("no token " + name);
    return first + index;
  }

  /** Size of the vocabulary with them. */
  int vocabulary() {
    return first + names.size();
  }

  /** @param tokenizerJson the dataset's; @return the same with these; @throws UserError where it has one of them already */
  String addedTo(String tokenizerJson) {
    if (names.isEmpty()) return tokenizerJson;
    ObjectNode root = Json.parse(tokenizerJson.getBytes(StandardCharsets.UTF_8), Tokenizer.FILE);
    ArrayNode added = root.withArray("added_tokens");
    Set<String> there = contents(root);
    for (String name : names) {
      if (there.contains(name)) {
        throw new UserError(
            "the dataset's " + Tokenizer.FILE + " has a token " + name + " already, which this model.family "
                + "would add; prepare the dataset with a tokenizer that lacks it");
      }
      added.addObject().put("id", id(name)).put("content", name).put("single_word", false).put("lstrip", false)
          .put("rstrip", false).put("normalized", false).put("special", true);
    }
    return new String(Json.bytes(root), StandardCharsets.UTF_8);
  }

  /** Of all tokens that a tokenizer has, added ones and those of its vocabulary. */
  private static Set<String> contents(ObjectNode tokenizer) {
    Set<String> all = new HashSet<>();
    for (JsonNode token : tokenizer.path("added_tokens")) all.add(token.path("content").asText());
    tokenizer.path("model").path("vocab").fieldNames().forEachRemaining(all::add);
    return all;
  }
}
