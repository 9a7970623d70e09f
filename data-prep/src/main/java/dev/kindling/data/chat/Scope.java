package dev.kindling.data.chat;

import java.util.HashMap;
import java.util.Map;

/** Names and their values; one that is not here is looked for around. What is set in a loop ends with each turn. */
final class Scope {
  private final Scope around;
  private final Map<String, Object> values = new HashMap<>();

  Scope(Scope around) {
    this.around = around;
  }

  Object get(String name) {
    for (Scope scope = this; scope != null; scope = scope.around)
      if (scope.values.containsKey(name)) return scope.values.get(name);
    return new Undefined("'" + name + "' is undefined");
  }

  void set(String name, Object value) {
    values.put(name, value);
  }
}
