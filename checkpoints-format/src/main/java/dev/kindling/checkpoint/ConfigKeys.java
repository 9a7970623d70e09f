package dev.kindling.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/** The keys of one {@code config.json}, each read with what is allowed; an error names file, key, found and allowed. */
final class ConfigKeys {
  private static final int MOST_LABELS = 1 << 20;
  private final ObjectNode json;
  private final String where;
  private final String parent;

  ConfigKeys(ObjectNode json, String where) {
    this(json, where, "");
  }

  private ConfigKeys(ObjectNode json, String where, String parent) {
    this.json = json;
    this.where = where;
    this.parent = parent;
  }

  /** The keys of an object within, none where it is missing or null. */
  ConfigKeys nested(String key) {
    if (!present(key)) return new ConfigKeys(Json.object(), where, parent + key + ".");
    if (!(json.get(key) instanceof ObjectNode inner)) throw wrong(key, "an object, or null");
    return new ConfigKeys(inner, where, parent + key + ".");
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

  /** A whole number from 0 on. */
  int count(String key, int otherwise) {
    if (!present(key)) return otherwise;
    JsonNode value = json.get(key);
    if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 0) {
      throw wrong(key, "a whole number from 0 on");
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

  double number(String key) {
    if (!present(key)) throw missing(key, "a number");
    return number(key, 0);
  }

  double number(String key, double otherwise) {
    if (!present(key)) return otherwise;
    if (!json.get(key).isNumber()) throw wrong(key, "a number");
    return json.get(key).doubleValue();
  }

  /** A share of something: a number from 0 on and below 1. */
  float share(String key, float otherwise) {
    double share = number(key, otherwise);
    if (!(share >= 0 && (float) share < 1)) throw wrong(key, "a number from 0 on and below 1");
    return (float) share;
  }

  List<Double> numbers(String key) {
    if (!present(key)) throw missing(key, "a list of numbers");
    List<Double> all = new ArrayList<>();
    if (!json.get(key).isArray()) throw wrong(key, "a list of numbers");
    for (JsonNode number : json.get(key)) {
      if (!number.isNumber() || !(number.doubleValue() > 0)) throw wrong(key, "a list of numbers above 0");
      all.add(number.doubleValue());
    }
    return all;
  }

  /** A list of words, each one of those allowed; null where the key is missing or null. */
  List<String> words(String key, String... allowed) {
    if (!present(key)) return null;
    List<String> all = new ArrayList<>();
    if (!json.get(key).isArray()) throw wrong(key, "a list");
    for (JsonNode word : json.get(key)) {
      if (!List.of(allowed).contains(word.asText())) throw wrong(key, "a list of " + String.join(" or ", allowed));
      all.add(word.asText());
    }
    return all;
  }

  /** Whether the key is there at all, null or not. */
  boolean mentioned(String key) {
    return json.has(key);
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

  /** The first of a list of names. @param otherwise where there is no list; @param allowed the names that are read */
  String first(String key, String otherwise, List<String> allowed) {
    JsonNode value = json.path(key);
    if (!present(key) || value.isArray() && value.isEmpty()) return otherwise;
    if (value.path(0).isTextual() && allowed.contains(value.get(0).textValue())) return value.get(0).textValue();
    throw wrong(key, "a list that begins with " + String.join(" or ", allowed));
  }

  /** The names of labels in their order: {@code id2label}, else {@code num_labels} of them without a name of their own. */
  List<String> labels() {
    List<String> names = new ArrayList<>();
    if (!present("id2label")) {
      for (int i = 0, n = Math.min(positive("num_labels", 2), MOST_LABELS); i < n; i++) names.add("LABEL_" + i);
      return names;
    }
    JsonNode all = json.get("id2label");
    for (int i = 0; i < all.size(); i++) {
      JsonNode name = all.path(Integer.toString(i));
      if (!name.isTextual()) throw wrong("id2label", "a name for each label from 0 on");
      names.add(name.textValue());
    }
    if (names.isEmpty()) throw wrong("id2label", "a name for each label from 0 on");
    return names;
  }

  private UserError missing(String key, String allowed) {
    return new UserError(where + ": " + parent + key + " is missing; it must be " + allowed);
  }

  private UserError wrong(String key, String allowed) {
    String found = json.get(key).toString();
    if (found.length() > 80) found = found.substring(0, 80) + "...";
    return new UserError(where + ": " + parent + key + " is " + found + "; it must be " + allowed);
  }
}
