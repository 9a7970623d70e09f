package dev.kindling.data.corpus;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.UserError;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** One line of JSON as a document. */
final class JsonDocument {
  private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private JsonDocument() {
  }

  /**
   * @param place the id of a line without one
   * @param error makes the error of this line
   */
  static Document parse(String line, CorpusSource source, String place, Function<String, UserError> error) {
    JsonNode record;
    try {
      record = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw error.apply("this is not JSON: " + e.getOriginalMessage().lines().findFirst().orElse("")
          + "; each line must be one JSON object");
    }
    if (!record.isObject()) throw error.apply("found " + kind(record) + "; each line must be one JSON object");
    JsonNode text = record.path(source.textField());
    if (!text.isTextual())
      throw error.apply("the field '" + source.textField() + "' is "
          + (text.isMissingNode() ? "missing (there are " + names(record) + ")" : kind(text))
          + "; it must be a string; name the right field with textField");
    String id = id(record.path(source.idField()), place, source.idField(), error);
    refuseLoneSurrogates(text.textValue(), source.textField(), error);
    refuseLoneSurrogates(id, source.idField(), error);
    Map<String, String> metadata = new TreeMap<>();
    record.properties().forEach(field -> {
      if (!field.getKey().equals(source.textField()) && !field.getKey().equals(source.idField()))
        metadata.put(field.getKey(),
            field.getValue().isValueNode() ? field.getValue().asText() : field.getValue().toString());
    });
    return new Document(id, text.textValue(), metadata);
  }

  private static String id(JsonNode id, String place, String field, Function<String, UserError> error) {
    if (id.isMissingNode() || id.isNull()) return place;
    if (!id.isTextual() && !id.isIntegralNumber())
      throw error.apply("the field '" + field + "' is " + kind(id) + "; an id must be a string or a whole number");
    return id.asText();
  }

  private static void refuseLoneSurrogates(String text, String field, Function<String, UserError> error) {
    for (int i = 0; i < text.length(); i++) {
      int codePoint = text.codePointAt(i);
      if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE)
        throw error.apply(
            String.format("the field '%s' has a lone surrogate, \\u%04x, at index %d; it is no Unicode text; remove it",
                field, codePoint, i));
      if (codePoint >= Character.MIN_SUPPLEMENTARY_CODE_POINT) i++;
    }
  }

  private static String names(JsonNode record) {
    List<String> names = new ArrayList<>();
    record.fieldNames().forEachRemaining(names::add);
    return names.isEmpty() ? "no fields" : String.join(", ", names);
  }

  private static String kind(JsonNode node) {
    return switch (node.getNodeType()) {
      case ARRAY -> "an array";
      case OBJECT -> "an object";
      case BOOLEAN, NUMBER -> "'" + node.asText() + "'";
      case STRING -> "a string";
      case NULL -> "null";
      default -> "nothing";
    };
  }
}
