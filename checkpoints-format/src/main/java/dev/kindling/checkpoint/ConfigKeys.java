package dev.kindling.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** The keys of one {@code config.json}, each read with what is allowed; an error names file, key, found and allowed. */
final class ConfigKeys {
  private final ObjectNode json;
  private final String where;

  ConfigKeys(ObjectNode json, String where) {
    this.json = json;
    this.where = where;
  }

  String where() {
    return where;
  }

  boolean present(String key) {
    return !json.path(key).isMissingNode() && !json.path(key).isNull();
  }

  int positive(String key) {
    if (!present(key)) throw missing(key, "a whole number above 0");
    return positive(key, 0);
  }

  int positive(String key, int otherwise) {
    if (!present(key)) return otherwise;
    JsonNode value = json.get(key);
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
      throw wrong(key, "a whole number above 0");
    }
    return value.intValue();
  }

  float positive(String key, float otherwise) {
    if (!present(key)) return otherwise;
    JsonNode value = json.get(key);
    float number = value.floatValue();
    if (!value.isNumber() || !(number > 0) || Float.isInfinite(number)) throw wrong(key, "a number above 0");
    return number;
  }

  boolean flag(String key, boolean otherwise) {
    if (!present(key)) return otherwise;
    if (!json.get(key).isBoolean()) throw wrong(key, "true or false");
    return json.get(key).booleanValue();
  }

  /** Refuses a switch that is set to what we do not compute. */
  void only(String key, boolean allowed) {
    if (flag(key, allowed) != allowed) throw wrong(key, allowed + " (nothing else is computed here)");
  }

  String oneOf(String key, String otherwise, String... allowed) {
    String list = String.join(" or ", allowed);
    if (!present(key)) {
      if (otherwise == null) throw missing(key, list);
      return otherwise;
    }
    JsonNode value = json.get(key);
    if (value.isTextual() && List.of(allowed).contains(value.textValue())) return value.textValue();
    throw wrong(key, list);
  }

  /** A token id, or -1 where the key is missing or null. */
  int token(String key) {
    List<Integer> ids = tokens(key);
    if (ids.size() > 1) throw wrong(key, "one token id");
    return ids.isEmpty() ? -1 : ids.get(0);
  }

  /** One token id or a list of them. */
  List<Integer> tokens(String key) {
    List<Integer> ids = new ArrayList<>();
    if (!present(key)) return ids;
    JsonNode value = json.get(key);
    for (JsonNode id : value.isArray() ? value : List.of(value)) {
      if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0)
        throw wrong(key, "a token id or a list of them");
      ids.add(id.intValue());
    }
    return ids;
  }

  private UserError missing(String key, String allowed) {
    return new UserError(where + ": " + key + " is missing; it must be " + allowed);
  }

  private UserError wrong(String key, String allowed) {
    String found = json.get(key).toString();
    if (found.length() > 80) found = found.substring(0, 80) + "...";
    return new UserError(where + ": " + key + " is " + found + "; it must be " + allowed);
  }
}
