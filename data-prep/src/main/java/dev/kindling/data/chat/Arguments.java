package dev.kindling.data.chat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a function is given: by place, then by name.
 *
 * @param of what was called, for messages
 */
record Arguments(String of, List<Object> byPlace, Map<String, Object> byName) {
  /** @throws ChatException for more or others than these */
  static Arguments of(String called, List<Object> byPlace, Map<String, Object> byName, String... names) {
    if (byPlace.size() > names.length)
      throw new ChatException(called + " takes " + names.length + " arguments, not " + byPlace.size());
    Map<String, Object> all = new HashMap<>(byName);
    for (int i = 0; i < byPlace.size(); i++) all.put(names[i], byPlace.get(i));
    List<String> others = new ArrayList<>(byName.keySet());
    others.removeAll(List.of(names));
    if (!others.isEmpty()) throw new ChatException(called + " takes no argument " + others.get(0));
    return new Arguments(called, byPlace, all);
  }

  boolean has(String name) {
    return byName.containsKey(name);
  }

  Object get(String name, Object otherwise) {
    return byName.getOrDefault(name, otherwise);
  }

  Object get(String name) {
    if (!has(name)) throw new ChatException(of + " needs its argument " + name);
    return byName.get(name);
  }

  String text(String name) {
    if (get(name) instanceof String text) return text;
    throw new ChatException(of + ": " + name + " is a " + Values.kind(get(name)) + "; it must be text");
  }

  /** @return null where it is none or not given */
  String textOrNone(String name) {
    return get(name, null) == null ? null : text(name);
  }

  long whole(String name, long otherwise) {
    Object value = get(name, otherwise);
    if (value instanceof Long n) return n;
    throw new ChatException(of + ": " + name + " is a " + Values.kind(value) + "; it must be a whole number");
  }
}
