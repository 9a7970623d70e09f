package dev.kindling.data.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Byte-pair training as its definition has it: all pairs counted anew for every merge. */
final class MergesByDefinition {
  private record Pair(int left, int right) {}

  private MergesByDefinition() {
  }

  /** @return the merges until there are so many new tokens, or no pair is left */
  static List<String> of(List<CountedWord> words, int newTokens) {
    List<String> tokens = new ArrayList<>(List.of("a", "b", "c"));
    List<List<String>> symbols = new ArrayList<>();
    for (CountedWord word : words) symbols.add(new ArrayList<>(List.of(word.word().split(""))));
    List<String> merges = new ArrayList<>();
    while (tokens.size() < 3 + newTokens) {
      Map<Pair, Long> counts = new HashMap<>();
      for (int w = 0; w < symbols.size(); w++) {
        List<String> word = symbols.get(w);
        for (int i = 0; i + 1 < word.size(); i++)
          counts.merge(new Pair(tokens.indexOf(word.get(i)), tokens.indexOf(word.get(i + 1))), words.get(w).count(),
              Long::sum);
      }
      if (counts.isEmpty()) break;
      Comparator<Map.Entry<Pair, Long>> order = Comparator.comparing((Map.Entry<Pair, Long> e) -> -e.getValue())
          .thenComparing(e -> e.getKey().left()).thenComparing(e -> e.getKey().right());
      Pair best = counts.entrySet().stream().min(order).orElseThrow().getKey();
      String left = tokens.get(best.left());
      String right = tokens.get(best.right());
      merges.add(left + " " + right);
      if (!tokens.contains(left + right)) tokens.add(left + right);
      for (List<String> word : symbols) {
        for (int i = 0; i + 1 < word.size(); i++) {
          if (!word.get(i).equals(left) || !word.get(i + 1).equals(right)) continue;
          word.set(i, left + right);
          word.remove(i + 1);
        }
      }
    }
    return merges;
  }

  /** The merges that a tokenizer's file lists. */
  static List<String> written(Tokenizer tokenizer) {
    try {
      List<String> merges = new ArrayList<>();
      for (JsonNode merge : new ObjectMapper().readTree(tokenizer.json()).path("model").path("merges"))
        merges.add(merge.get(0).asText() + " " + merge.get(1).asText());
      return merges;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
