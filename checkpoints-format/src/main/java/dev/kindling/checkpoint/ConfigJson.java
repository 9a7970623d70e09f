package dev.kindling.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** A {@code config.json} while it is written: the spellings that all families share. */
final class ConfigJson {
  private final ObjectNode json = Json.object();

  /** @param architecture the class in transformers that loads it; @param family {@code model_type} */
  ConfigJson(String architecture, String family) {
    json.putArray("architectures").add(architecture);
    json.put("model_type", family);
  }

  ConfigJson put(String key, int value) {
    json.put(key, value);
    return this;
  }

  ConfigJson put(String key, boolean value) {
    json.put(key, value);
    return this;
  }

  ConfigJson put(String key, String value) {
    json.put(key, value);
    return this;
  }

  /** Null where there is none, which is 0. */
  ConfigJson putOrNull(String key, int value) {
    if (value == 0) json.putNull(key);
    else json.put(key, value);
    return this;
  }

  /** The shortest decimal of the float, so that 1e-5 is not written as 9.999999747378752E-6. */
  ConfigJson decimal(String key, float value) {
    json.put(key, Double.parseDouble(Float.toString(value)));
    return this;
  }

  /** @param id -1: null */
  ConfigJson token(String key, int id) {
    if (id < 0) json.putNull(key);
    else json.put(key, id);
    return this;
  }

  /** Null, one number or a list. */
  ConfigJson tokens(String key, List<Integer> ids) {
    if (ids.size() < 2) return token(key, ids.isEmpty() ? -1 : ids.get(0));
    ids.forEach(json.putArray(key)::add);
    return this;
  }

  /** For what has a structure of its own. */
  ObjectNode object() {
    return json;
  }

  /** Adds what weights are stored in. @return all of it */
  ObjectNode stored(ElementType type) {
    String name = switch (type) {
      case F32 -> "float32";
      case F16 -> "float16";
      case BF16 -> "bfloat16";
      default -> throw new IllegalArgumentException("weights are not stored as " + type);
    };
    return json.put("torch_dtype", name).put("dtype", name);   // releases up to 4.55 read torch_dtype, later ones dtype
  }
}
