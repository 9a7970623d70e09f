package dev.kindling.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** JSON as this module reads and writes it: duplicate keys and what follows the document are errors. */
public final class Json {
  /** Long strings are allowed (a chat template in a tokenizer's configuration), deep nesting is not. */
  private static final JsonFactory FACTORY = JsonFactory.builder()
      .streamReadConstraints(StreamReadConstraints.builder().maxStringLength(1 << 26).maxNestingDepth(100).build())
      .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();
  private static final ObjectMapper MAPPER = JsonMapper.builder(FACTORY)
      .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private Json() {
  }

  /** The factory, for files that are read as a stream. */
  public static JsonFactory factory() {
    return FACTORY;
  }

  public static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  public static ArrayNode array() {
    return MAPPER.createArrayNode();
  }

  /** @param value maps, lists, numbers, truth values and texts */
  public static JsonNode of(Object value) {
    return MAPPER.valueToTree(value);
  }

  /** @param where what an error calls it; @throws UserError when it is not one JSON object */
  public static ObjectNode parse(byte[] bytes, String where) {
    if (tree(bytes, where) instanceof ObjectNode object) return object;
    throw new UserError(where + " is not a JSON object");
  }

  /** @param where what an error calls it; @throws UserError when it is not one JSON array */
  public static ArrayNode parseArray(byte[] bytes, String where) {
    if (tree(bytes, where) instanceof ArrayNode array) return array;
    throw new UserError(where + " is not a JSON array");
  }

  private static JsonNode tree(byte[] bytes, String where) {
    try {
      return MAPPER.readTree(bytes);
    } catch (JsonProcessingException e) {
      throw new UserError(where + " is not valid JSON: " + JsonProblem.of(e), e);
    } catch (IOException e) {
      throw new UserError(where + " is not valid JSON: it is not UTF-8 as JSON is", e);
    }
  }

  /** Indented, keys in their order, a line feed at the end. */
  public static byte[] bytes(JsonNode node) {
    DefaultIndenter indent = new DefaultIndenter("  ", "\n");
    try {
      String text = MAPPER.writer(new DefaultPrettyPrinter().withObjectIndenter(indent)).writeValueAsString(node);
      return (text + "\n").getBytes(StandardCharsets.UTF_8);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not to be written as JSON", e);
    }
  }
}
