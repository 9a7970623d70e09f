package dev.kindling.data.chat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** What stands behind a value: {@code .name}, {@code [key]} and {@code [from:to:step]}, as Jinja finds it ("Variables"). */
final class Fields {
  private Fields() {
  }

  /** A method or a field by its name; else a key. */
  static Object dotted(Object value, String name) {
    if (value instanceof Undefined missing) throw missing.asked();
    Object method = attribute(value, name);
    if (method != null) return method;
    if (value instanceof Map<?, ?> map && map.containsKey(name)) return map.get(name);
    if (value instanceof Namespace space && space.fields().containsKey(name)) return space.fields().get(name);
    return new Undefined("a " + Values.kind(value) + " has no '" + name + "'");
  }

  /** A key or a place; else a field or a method by its name. */
  static Object at(Object value, Object key) {
    if (value instanceof Undefined missing) throw missing.asked();
    if (value instanceof Map<?, ?> map && map.containsKey(key)) return map.get(key);
    if (key instanceof Long place && (value instanceof List || value instanceof String)) {
      List<Object> all = Values.each(value);
      long from = place < 0 ? place + all.size() : place;
      return from >= 0 && from < all.size() ? all.get((int) from) : new Undefined("there is no element " + place);
    }
    Object method = key instanceof String name ? attribute(value, name) : null;
    return method != null ? method : new Undefined("a " + Values.kind(value) + " has no '" + Values.text(key) + "'");
  }

  private static Object attribute(Object value, String name) {
    if (value instanceof String text) return PythonText.method(text, name);
    if (value instanceof Loop loop) return loop.field(name);
    if (value instanceof Map<?, ?> map) return method(map, name);
    if (value instanceof List<?> list) return method(list, name);
    return null;
  }

  private static Callable method(Map<?, ?> map, String name) {
    return switch (name) {
      case "items" -> (by, named) -> items(map);
      case "keys" -> (by, named) -> new ArrayList<>(map.keySet());
      case "values" -> (by, named) -> new ArrayList<>(map.values());
      case "get" -> (by, named) -> {
        Arguments given = Arguments.of(name, by, named, "key", "default");
        return map.containsKey(given.get("key")) ? map.get(given.get("key")) : given.get("default", null);
      };
      default -> null;
    };
  }

  /** Pairs of keys and values. */
  static List<Object> items(Map<?, ?> map) {
    List<Object> items = new ArrayList<>();
    map.forEach((key, of) -> {
      List<Object> pair = new ArrayList<>();
      pair.add(key);
      pair.add(of);
      items.add(pair);
    });
    return items;
  }

  private static Callable method(List<?> list, String name) {
    return switch (name) {
      case "count" -> (by, named) -> {
        Object one = Arguments.of(name, by, named, "value").get("value");
        return list.stream().filter(each -> Values.isEqual(each, one)).count();
      };
      case "index" -> (by, named) -> {
        Object one = Arguments.of(name, by, named, "value").get("value");
        for (int i = 0; i < list.size(); i++) if (Values.isEqual(list.get(i), one)) return (long) i;
        throw new ChatException("index: " + Values.text(one) + " is not in the list");
      };
      default -> null;
    };
  }

  /** @param from and the others: null where they are left out */
  static Object slice(Object value, Object from, Object to, Object step) {
    if (value instanceof Undefined missing) throw missing.asked();
    if (!(value instanceof List) && !(value instanceof String))
      throw new ChatException("a " + Values.kind(value) + " has no parts");
    List<Object> all = Values.each(value);
    long by = step == null ? 1 : whole(step);
    if (by == 0) throw new ChatException("a step of 0");
    long size = all.size();
    long first = from == null ? by > 0 ? 0 : size - 1 : clipped(whole(from), size, by);
    long last = to == null ? by > 0 ? size : -1 : clipped(whole(to), size, by);
    List<Object> some = new ArrayList<>();
    for (long i = first; by > 0 ? i < last : i > last; i += by) some.add(all.get((int) i));
    if (value instanceof List) return some;
    StringBuilder text = new StringBuilder();
    some.forEach(text::append);
    return text.toString();
  }

  /** Python's reference, section 3.3.7, slices: from the end where negative, and inside. */
  private static long clipped(long place, long size, long step) {
    long at = place < 0 ? place + size : place;
    return step > 0 ? Math.max(0, Math.min(size, at)) : Math.max(-1, Math.min(size - 1, at));
  }

  private static long whole(Object value) {
    if (value instanceof Long n) return n;
    throw new ChatException("a part of a list begins and ends at whole numbers, not at a " + Values.kind(value));
  }

  /** The same list from its end. */
  static List<Object> reversed(Object value) {
    List<Object> all = Values.each(value);
    Collections.reverse(all);
    return all;
  }
}
