package dev.kindling.data.corpus;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.kindling.checkpoint.JsonProblem;
import java.util.ArrayList;
import java.util.List;

/**
 * One line of JSON.
 *
 * @param source null where the line names none
 */
record JsonDocument(String id, String source, String text) {
  private static final ObjectMapper JSON = LongJson.mapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  String source(String otherwise) {
    return source == null ? otherwise : source;
  }

  /** @param place the id of a line without one; @throws BadRecordException that says what is wrong with the line */
  static JsonDocument parse(String line, CorpusSource.Fields fields, String place) throws BadRecordException {
    JsonNode record;
    try {
      record = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      throw new BadRecordException("this is not JSON: " + JsonProblem.of(e).inLine()
          + "; each line must be one JSON object");
    }
    if (!record.isObject())
      throw new BadRecordException("found " + kind(record) + "; each line must be one JSON object");
    String example = fields.examples() == Example.Kind.NONE ? null : Example.of(fields, record);
    JsonNode text = example == null ? record.path(fields.text()) : TextNode.valueOf(example);
    if (!text.isTextual())
      throw new BadRecordException("the field '" + fields.text() + "' is "
          + found(record, fields.text())
          + "; it must be a string; name the right field with " + fields.settings().text());
    String id = id(record.path(fields.id()), place, fields.id());
    JsonNode source = fields.source().isEmpty() ? null : record.path(fields.source());
    refuseLoneSurrogates(text.textValue(), example == null ? fields.text() : "example");
    refuseLoneSurrogates(id, fields.id());
    return new JsonDocument(id, source == null || !source.isTextual() ? null : source.textValue(), text.textValue());
  }

  private static String id(JsonNode id, String place, String field) throws BadRecordException {
    if (id.isMissingNode() || id.isNull()) return place;
    if (!id.isTextual() && !id.isIntegralNumber())
      throw new BadRecordException(
          "the field '" + field + "' is " + kind(id) + "; an id must be a string or a whole number");
    return id.asText();
  }

  private static void refuseLoneSurrogates(String text, String field) throws BadRecordException {
    for (int i = 0; i < text.length(); i++) {
      int codePoint = text.codePointAt(i);
      if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE)
        throw new BadRecordException(
            String.format("the field '%s' has a lone surrogate, \\u%04x, at index %d; it is no Unicode text; remove it",
                field, codePoint, i));
      if (codePoint >= Character.MIN_SUPPLEMENTARY_CODE_POINT) i++;
    }
  }

  /** What stands in a field, in words. */
  static String found(JsonNode record, String field) {
    JsonNode value = record.path(field);
    return value.isMissingNode() ? "missing (there are " + names(record) + ")" : kind(value);
  }

  static String names(JsonNode record) {
    List<String> names = new ArrayList<>();
    record.fieldNames().forEachRemaining(names::add);
    return names.isEmpty() ? "no fields" : String.join(", ", names);
  }

  static String kind(JsonNode node) {
    return switch (node.getNodeType()) {
      case ARRAY -> "an array";
      case OBJECT -> "an object";
      case NUMBER -> "the number " + node.asText();
      case BOOLEAN -> "the truth value " + node.asText();
      case STRING -> "a string";
      case NULL -> "null";
      default -> "nothing";
    };
  }
}
