package dev.kindling.data.job;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.data.corpus.LongJson;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A text with its label, as {@link dev.kindling.data.corpus.Example} writes it.
 *
 * @param pair the second text of a pair; null: there is only one
 */
record LabelledText(String text, String pair, JsonNode label) {
  private static final ObjectMapper JSON = LongJson.mapper();

  /** The name of a class. Whole numbers come before texts, in their order. */
  record Name(String text, boolean whole) implements Comparable<Name>, java.io.Serializable {
    @Override
    public int compareTo(Name other) {
      if (whole != other.whole) return whole ? -1 : 1;
      return whole ? new BigInteger(text).compareTo(new BigInteger(other.text)) : text.compareTo(other.text);
    }
  }

  /** @return empty where cleaning has left something that is no JSON */
  static Optional<LabelledText> parse(String json) {
    try {
      JsonNode example = JSON.readTree(json);
      JsonNode pair = example.path("pair");
      return Optional.of(new LabelledText(example.path("text").asText(), pair.isTextual() ? pair.textValue() : null,
          example.path("label")));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  /** The classes that it is labelled with. */
  List<Name> names() {
    List<Name> names = new ArrayList<>();
    if (!label.isArray()) names.add(name(label));
    for (JsonNode one : label) names.add(name(one));
    return names.stream().distinct().toList();
  }

  static Name name(JsonNode label) {
    return new Name(label.asText(), label.isIntegralNumber());
  }
}
