package dev.kindling.data.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.data.corpus.LongJson;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The words of a text with a label each, as {@link dev.kindling.data.corpus.Example} writes them.
 *
 * @param tags as many as words
 */
record TaggedWords(List<String> words, List<LabelledText.Name> tags) {
  private static final ObjectMapper JSON = LongJson.mapper();

  /** @return empty where cleaning has left something else */
  static Optional<TaggedWords> parse(String json) {
    try {
      JsonNode example = JSON.readTree(json);
      List<String> words = new ArrayList<>();
      List<LabelledText.Name> tags = new ArrayList<>();
      for (JsonNode word : example.path("tokens")) words.add(word.asText());
      for (JsonNode tag : example.path("tags")) tags.add(LabelledText.name(tag));
      return words.size() == tags.size() ? Optional.of(new TaggedWords(words, tags)) : Optional.empty();
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }
}
