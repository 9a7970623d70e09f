package dev.kindling.data.chat;

import java.util.HashMap;
import java.util.Map;

/** Jinja's {@code namespace(...)}: fields that may be set within loops. */
record Namespace(Map<String, Object> fields) {
  static Namespace of(Map<String, Object> fields) {
    return new Namespace(new HashMap<>(fields));
  }
}
