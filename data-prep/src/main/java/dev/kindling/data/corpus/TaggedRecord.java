package dev.kindling.data.corpus;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** A record with the words of a text and as many labels, as Hugging Face's datasets of named entities and parts of speech have them. */
final class TaggedRecord {
  private static final ObjectMapper JSON = LongJson.mapper();

  private TaggedRecord() {
  }

  /** @return {@code {"tokens", "tags"}}, two lists; @throws BadRecordException that says what is wrong with the record */
  static String of(LabelFields fields, JsonNode record) throws BadRecordException {
    JsonNode words = list(record, fields.words(), "wordsField");
    JsonNode tags = list(record, fields.tags(), "tagsField");
    for (int i = 0; i < words.size(); i++)
      if (!words.get(i).isTextual())
        throw new BadRecordException("word " + (i + 1) + " of the field '" + fields.words() + "' is "
            + JsonDocument.kind(words.get(i)) + "; it must be a string");
    for (int i = 0; i < tags.size(); i++)
      if (!LabelledRecord.isClass(tags.get(i)))
        throw new BadRecordException("label " + (i + 1) + " of the field '" + fields.tags() + "' is "
            + LabelledRecord.noClass(tags.get(i)) + "; it must be a text or a whole number from 0 on");
    if (words.size() != tags.size())
      throw new BadRecordException("the field '" + fields.words() + "' has " + words.size() + " words and the field '"
          + fields.tags() + "' " + tags.size() + " labels; each word must have one");
    ObjectNode example = JSON.createObjectNode();
    example.set("tokens", words);
    example.set("tags", tags);
    return example.toString();
  }

  private static JsonNode list(JsonNode record, String field, String setting) throws BadRecordException {
    JsonNode list = record.path(field);
    if (!list.isArray())
      throw new BadRecordException("the field '" + field + "' is "
          + JsonDocument.found(record, field)
          + "; it must be a list; name the right field with " + setting);
    return list;
  }
}
