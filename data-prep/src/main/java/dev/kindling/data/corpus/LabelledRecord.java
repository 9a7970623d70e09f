package dev.kindling.data.corpus;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** A record with a text, or a pair of them, and what they are labelled with. */
final class LabelledRecord {
  private static final ObjectMapper JSON = LongJson.mapper();

  private LabelledRecord() {
  }

  /** @return {@code {"text", "pair", "label"}}; @throws BadRecordException that says what is wrong with the record */
  static String of(CorpusSource.Fields fields, JsonNode record) throws BadRecordException {
    LabelFields labels = fields.labels();
    ObjectNode example = texts(fields, record);
    JsonNode label = record.path(labels.label());
    if (label.isMissingNode() || label.isNull())
      throw new BadRecordException("the field '" + labels.label() + "' is "
          + JsonDocument.found(record, labels.label())
          + "; a text must have a label; name the right field with labelField");
    example.set("label", switch (labels.kind()) {
      case CLASS -> classOf(label, "the field '" + labels.label() + "'", "with labelKind class it must be");
      case CLASSES -> classes(label, labels.label());
      case NUMBER -> number(label, labels.label());
      case TAGS -> throw new IllegalArgumentException("words with labels are a TaggedRecord");
    });
    return example.toString();
  }

  /** @return {@code {"text", "pair"}} */
  static ObjectNode texts(CorpusSource.Fields fields, JsonNode record) throws BadRecordException {
    ObjectNode texts = JSON.createObjectNode();
    String pair = fields.labels().pair();
    texts.set("text", text(record, fields.text(), fields.settings().text()));
    if (!pair.isEmpty()) texts.set("pair", text(record, pair, fields.settings().pair()));
    return texts;
  }

  private static JsonNode text(JsonNode record, String field, String setting) throws BadRecordException {
    JsonNode text = record.path(field);
    if (!text.isTextual())
      throw new BadRecordException("the field '" + field + "' is "
          + JsonDocument.found(record, field)
          + "; it must be a string; name the right field with " + setting);
    return text;
  }

  private static JsonNode classes(JsonNode label, String field) throws BadRecordException {
    if (!label.isArray())
      throw new BadRecordException("the field '" + field + "' is " + JsonDocument.kind(label)
          + "; with labelKind classes it must be a list" + otherwise(label));
    ArrayNode classes = JSON.createArrayNode();
    for (JsonNode one : label) classes.add(classOf(one, "a class in the field '" + field + "'", "it must be"));
    return classes;
  }

  private static JsonNode classOf(JsonNode label, String what, String must) throws BadRecordException {
    if (isClass(label)) return label;
    throw new BadRecordException(what + " is " + noClass(label) + "; " + must
        + " a text or a whole number from 0 on" + otherwise(label));
  }

  /** Whether a class may be called so. */
  static boolean isClass(JsonNode label) {
    boolean named = label.isTextual() && !label.textValue().isBlank();
    return named || label.isIntegralNumber() && label.bigIntegerValue().signum() >= 0;
  }

  /** What a label is that is no class, in words. */
  static String noClass(JsonNode label) {
    return label.isTextual() ? "blank" : JsonDocument.kind(label);
  }

  private static JsonNode number(JsonNode label, String field) throws BadRecordException {
    if (!label.isNumber() || !Float.isFinite(label.floatValue()))
      throw new BadRecordException("the field '" + field + "' is " + JsonDocument.kind(label)
          + "; with labelKind number it must be a number that float32 can hold" + otherwise(label));
    return label;
  }

  /** Which setting such a label is of. */
  private static String otherwise(JsonNode label) {
    if (label.isArray()) return "; lists of classes are labelKind classes";
    if (label.isTextual() || label.isIntegralNumber() && label.bigIntegerValue().signum() >= 0)
      return "; one class is labelKind class";
    return label.isNumber() ? "; numbers are labelKind number" : "";
  }
}
