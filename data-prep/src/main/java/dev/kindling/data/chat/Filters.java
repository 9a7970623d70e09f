package dev.kindling.data.chat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** What {@code |} can do (Jinja's documentation, "List of Builtin Filters"), and transformers' own {@code tojson}. */
final class Filters {
  /** Makes another value of one. */
  @FunctionalInterface
  interface Filter {
    Object of(Object value, List<Object> byPlace, Map<String, Object> byName);
  }

  private static final Map<String, Filter> ALL = new HashMap<>();

  static {
    texts();
    numbers();
    lists();
    ALL.put("default", Filters::otherwise);
    ALL.put("d", Filters::otherwise);
    ALL.put("tojson", PythonJson::filter);
    ALL.put("string", (value, by, named) -> Values.text(value));
    ALL.put("safe", (value, by, named) -> value);              // nothing is escaped
  }

  private Filters() {
  }

  /** @return null where there is none of this name */
  static Filter named(String name) {
    return ALL.get(name);
  }

  static String names() {
    return String.join(", ", new TreeSet<>(ALL.keySet()));
  }

  private static void texts() {
    ALL.put("trim", (value, by, named) -> PythonText.strip(Values.text(value),
        Arguments.of("trim", by, named, "chars").textOrNone("chars"), true, true));
    ALL.put("upper", (value, by, named) -> Values.text(value).toUpperCase(Locale.ROOT));
    ALL.put("lower", (value, by, named) -> Values.text(value).toLowerCase(Locale.ROOT));
    ALL.put("capitalize", (value, by, named) -> PythonText.capitalized(Values.text(value)));
    ALL.put("replace", (value, by, named) -> PythonText.replaced(Values.text(value),
        Arguments.of("replace", by, named, "old", "new", "count")));
    ALL.put("indent", (value, by, named) -> indented(Values.text(value),
        Arguments.of("indent", by, named, "width", "first", "blank")));
    ALL.put("wordcount", (value, by, named) -> (long) ((List<?>) PythonText.method(Values.text(value), "split")
        .call(List.of(), Map.of())).size());
  }

  private static void numbers() {
    ALL.put("int", (value, by, named) -> whole(value, Arguments.of("int", by, named, "default").get("default", 0L)));
    ALL.put("float", (value, by, named) -> {
      if (Values.isNumber(value)) return Values.number(value);
      try {
        return Double.parseDouble(Values.text(value).strip());
      } catch (NumberFormatException e) {
        return Arguments.of("float", by, named, "default").get("default", 0.0);
      }
    });
    ALL.put("abs", (value, by, named) -> Values.compare(value, 0L) < 0 ? Arithmetic.negative(value) : value);
    ALL.put("round", (value, by, named) -> java.math.BigDecimal.valueOf(Values.number(value))
        .setScale((int) Arguments.of("round", by, named, "precision").whole("precision", 0),
            java.math.RoundingMode.HALF_EVEN)
        .doubleValue());
    ALL.put("sum", (value, by, named) -> Values.each(value).stream().reduce(0L, (a, b) -> Arithmetic.of("+", a, b)));
    ALL.put("min", (value, by, named) -> Values.each(value).stream().min(Values::compare).orElse(nothing()));
    ALL.put("max", (value, by, named) -> Values.each(value).stream().max(Values::compare).orElse(nothing()));
  }

  private static void lists() {
    ALL.put("length", (value, by, named) -> Values.length(value));
    ALL.put("count", (value, by, named) -> Values.length(value));
    ALL.put("list", (value, by, named) -> Values.each(value));
    ALL.put("first", (value, by, named) -> end(Values.each(value), 0));
    ALL.put("last", (value, by, named) -> end(Values.each(value), -1));
    ALL.put("reverse",
        (value, by, named) -> value instanceof String ? Fields.slice(value, null, null, -1L) : Fields.reversed(value));
    ALL.put("items", (value, by, named) -> value instanceof Map<?, ?> map ? Fields.items(map) : Values.each(value));
    ALL.put("join", (value, by, named) -> {
      Arguments given = Arguments.of("join", by, named, "d", "attribute");
      Object key = given.get("attribute", null);
      List<String> texts = new ArrayList<>();
      for (Object one : Values.each(value)) texts.add(Values.text(key == null ? one : field(one, key)));
      return String.join(Values.text(given.get("d", "")), texts);
    });
    ALL.put("map", Filters::map);
    ALL.put("select", (value, by, named) -> chosen(value, null, by, true));
    ALL.put("reject", (value, by, named) -> chosen(value, null, by, false));
    ALL.put("selectattr", (value, by, named) -> chosen(value, by.get(0), by.subList(1, by.size()), true));
    ALL.put("rejectattr", (value, by, named) -> chosen(value, by.get(0), by.subList(1, by.size()), false));
    ALL.put("sort",
        (value, by, named) -> sorted(value, Arguments.of("sort", by, named, "reverse", "case_sensitive", "attribute")));
    ALL.put("unique", (value, by, named) -> {
      List<Object> unique = new ArrayList<>();
      for (Object one : Values.each(value)) if (!Values.contains(unique, one)) unique.add(one);
      return unique;
    });
    ALL.put("dictsort", (value, by, named) -> {
      List<Object> items = value instanceof Map<?, ?> map ? Fields.items(map) : List.of();
      items.sort((a, b) -> Values.compare(((List<?>) a).get(0), ((List<?>) b).get(0)));
      return items;
    });
  }

  private static Undefined nothing() {
    return new Undefined("there is nothing in the list");
  }

  private static Object end(List<Object> all, int place) {
    return all.isEmpty() ? nothing() : all.get(place < 0 ? all.size() + place : place);
  }

  private static Object otherwise(Object value, List<Object> byPlace, Map<String, Object> byName) {
    Arguments given = Arguments.of("default", byPlace, byName, "default_value", "boolean");
    boolean missing = value instanceof Undefined || Values.isTrue(given.get("boolean", false)) && !Values.isTrue(value);
    return missing ? given.get("default_value", "") : value;
  }

  private static Object whole(Object value, Object otherwise) {
    if (Values.isNumber(value)) return value instanceof Long n ? n : (long) Values.number(value);
    try {
      return (long) Double.parseDouble(Values.text(value).strip());
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  /** Python's dotted path: {@code a.b} is the field b of a. */
  private static Object field(Object one, Object path) {
    Object value = one;
    for (String name : Values.text(path).split("\\."))
      value = Fields.at(value, name.chars().allMatch(Character::isDigit) ? (Object) Long.parseLong(name) : name);
    return value;
  }

  private static Object map(Object value, List<Object> byPlace, Map<String, Object> byName) {
    List<Object> mapped = new ArrayList<>();
    if (byPlace.isEmpty()) {
      Arguments given = Arguments.of("map", byPlace, byName, "attribute", "default");
      for (Object one : Values.each(value)) {
        Object found = field(one, given.text("attribute"));
        mapped.add(found instanceof Undefined && given.has("default") ? given.get("default") : found);
      }
      return mapped;
    }
    Filter filter = named(Values.text(byPlace.get(0)));
    if (filter == null) throw new ChatException("map: there is no filter " + Values.text(byPlace.get(0)));
    for (Object one : Values.each(value)) mapped.add(filter.of(one, byPlace.subList(1, byPlace.size()), byName));
    return mapped;
  }

  /** @param key which field is tested; null: the element. @param test its name and arguments; none: whether it is true */
  private static Object chosen(Object value, Object key, List<Object> test, boolean wanted) {
    Tests.Test asked = test.isEmpty() ? (one, with) -> Values.isTrue(one) : Tests.named(Values.text(test.get(0)));
    if (asked == null) throw new ChatException("there is no test " + Values.text(test.get(0)));
    List<Object> arguments = test.isEmpty() ? List.of() : test.subList(1, test.size());
    List<Object> chosen = new ArrayList<>();
    for (Object one : Values.each(value))
      if (asked.holds(key == null ? one : field(one, key), arguments) == wanted) chosen.add(one);
    return chosen;
  }

  private static Object sorted(Object value, Arguments given) {
    List<Object> sorted = Values.each(value);
    Object key = given.get("attribute", null);
    boolean cased = Values.isTrue(given.get("case_sensitive", false));
    Comparator<Object> order = (a, b) -> Values.compare(a, b);
    Comparator<Object> by = Comparator.comparing(one -> {
      Object of = key == null ? one : field(one, key);
      return !cased && of instanceof String text ? text.toLowerCase(Locale.ROOT) : of;
    }, order);
    sorted = new ArrayList<>(sorted);
    sorted.sort(Values.isTrue(given.get("reverse", false)) ? by.reversed() : by);
    return sorted;
  }

  private static String indented(String text, Arguments given) {
    Object width = given.get("width", 4L);
    String before = width instanceof String own ? own : " ".repeat((int) given.whole("width", 4));
    boolean blank = Values.isTrue(given.get("blank", false));
    String[] lines = text.split("\n", -1);
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < lines.length; i++) {
      boolean moved = i == 0 ? Values.isTrue(given.get("first", false)) : blank || !lines[i].isEmpty();
      out.append(i == 0 ? "" : "\n").append(moved ? before : "").append(lines[i]);
    }
    return out.toString();
  }
}
