package dev.kindling.data.corpus;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.checkpoint.JsonProblem;
import java.util.List;

/**
 * A record that shows what a model is to say, as Hugging Face's datasets name its fields: {@code prompt} and {@code completion}, both texts or
 * both lists of messages, or {@code messages}; or, of pairs, {@code prompt}, {@code chosen} and {@code rejected}, of which messages may lack
 * the prompt; {@code tools} beside messages. Or {@code prompt} and {@code completion}, both texts, of what is written after reading. Or texts
 * with their labels, whose fields the source names. On its way it is the JSON object of these fields, on one line, as a document's text.
 */
public final class Example {
  /** What records are. */
  public enum Kind {
    /** Texts. */
    NONE,
    /** What to say after what. */
    PROMPT_COMPLETION,
    /** What to say, and what rather not. */
    PREFERENCE,
    /** What texts are labelled with. */
    CLASSIFICATION,
    /** What the words of texts are labelled with. */
    TOKEN_CLASSIFICATION,
    /** Two texts, of which something is to be said. */
    PAIR,
    /** A text, and what is to be written when it has been read. */
    SEQUENCE_TO_SEQUENCE;

    /** The fields that are read, in the order in which they are written; none where the source names them. */
    public List<String> fields() {
      return switch (this) {
        case NONE, CLASSIFICATION, TOKEN_CLASSIFICATION, PAIR -> List.of();
        case PROMPT_COMPLETION -> List.of("prompt", "completion", "messages", "tools");
        case PREFERENCE -> List.of("prompt", "chosen", "rejected", "tools");
        case SEQUENCE_TO_SEQUENCE -> List.of("prompt", "completion");
      };
    }
  }

  private static final ObjectMapper JSON = LongJson.mapper();

  private Example() {
  }

  /** A row's example as a record. @param json of the row's fields */
  public static CorpusRecord record(CorpusSource.Fields fields, String id, String source, String table, String json) {
    try {
      return new Document(id, source, table, 0, of(fields, JSON.readTree(json)));
    } catch (BadRecordException | JsonProcessingException e) {
      String why = e instanceof JsonProcessingException broken ? JsonProblem.of(broken).inLine() : e.getMessage();
      return new Unreadable(source, table, 0, "the row with the id '" + id + "': " + why, Unreadable.excerpt(json));
    }
  }

  /** @param record an object; @return its example as JSON; @throws BadRecordException that says what is wrong with it */
  static String of(CorpusSource.Fields fields, JsonNode record) throws BadRecordException {
    Kind kind = fields.examples();
    if (kind == Kind.CLASSIFICATION) return LabelledRecord.of(fields, record);
    if (kind == Kind.TOKEN_CLASSIFICATION) return TaggedRecord.of(fields.labels(), record);
    if (kind == Kind.PAIR) return LabelledRecord.texts(fields, record).toString();
    if (kind == Kind.SEQUENCE_TO_SEQUENCE) return texts(record).toString();
    ObjectNode example = JSON.createObjectNode();
    for (String name : kind.fields())
      if (record.has(name) && !record.get(name).isNull()) example.set(name, record.get(name));
    if (kind == Kind.PROMPT_COMPLETION && example.has("messages")) {
      messages(example.get("messages"), "messages");
      return example.toString();
    }
    boolean pair = kind == Kind.PREFERENCE;
    List<String> needed = pair ? List.of("chosen", "rejected") : List.of("prompt", "completion");
    for (String name : needed)
      if (!example.has(name))
        throw new BadRecordException(
            "the field '" + name + "' is missing (there are " + JsonDocument.names(record) + "); an example has "
                + (pair ? "prompt, chosen and rejected" : "prompt and completion, or messages"));
    List<String> all = pair && example.has("prompt") ? List.of("prompt", "chosen", "rejected") : needed;
    long texts = all.stream().filter(name -> example.get(name).isTextual()).count();
    if (texts == all.size() && !example.has("prompt"))
      throw new BadRecordException("the field 'prompt' is missing; only lists of messages may lack it");
    if (texts > 0 && texts < all.size())
      throw new BadRecordException(
          "of " + String.join(", ", all) + " some are texts and others are not; all must be, or all lists of messages");
    for (String name : all) if (texts == 0) messages(example.get(name), name);
    return example.toString();
  }

  private static ObjectNode texts(JsonNode record) throws BadRecordException {
    ObjectNode example = JSON.createObjectNode();
    for (String name : Kind.SEQUENCE_TO_SEQUENCE.fields()) {
      JsonNode text = record.path(name);
      if (!text.isTextual())
        throw new BadRecordException("the field '" + name + "' is "
            + JsonDocument.found(record, name)
            + "; with packing sequence-to-sequence an example has prompt and completion, both texts");
      example.set(name, text);
    }
    return example;
  }

  private static void messages(JsonNode messages, String field) throws BadRecordException {
    if (!messages.isArray() || messages.isEmpty())
      throw new BadRecordException("the field '" + field + "' is " + JsonDocument.kind(messages)
          + (messages.isArray() ? " without messages" : "")
          + "; it must be a list of messages");
    for (int i = 0; i < messages.size(); i++)
      if (!messages.get(i).path("role").isTextual())
        throw new BadRecordException("message " + (i + 1) + " of the field '" + field
            + "' has no role; a message is an object with role and content");
  }
}
