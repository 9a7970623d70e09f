package dev.kindling.data.chat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;

/** The filter {@code tojson} as transformers has it: Python's {@code json.dumps} with {@code ensure_ascii=False}, nothing escaped for HTML. */
final class PythonJson {
  private final boolean ascii;
  private final String indent;
  private final String comma;
  private final String colon;
  private final boolean sorted;
  private final StringBuilder out = new StringBuilder();

  private PythonJson(Arguments given) {
    ascii = Values.isTrue(given.get("ensure_ascii", false));
    Object by = given.get("indent", null);
    indent = by == null || by instanceof String ? (String) by : " ".repeat((int) given.whole("indent", 0));
    List<Object> separators = given.get("separators", null) == null
        ? List.of(indent == null ? ", " : ",", ": ")
        : Values.each(given.get("separators"));
    comma = Values.text(separators.get(0));
    colon = Values.text(separators.get(1));
    sorted = Values.isTrue(given.get("sort_keys", false));
  }

  static Object filter(Object value, List<Object> byPlace, Map<String, Object> byName) {
    PythonJson json = new PythonJson(
        Arguments.of("tojson", byPlace, byName, "ensure_ascii", "indent", "separators", "sort_keys"));
    json.write(value, 0);
    return json.out.toString();
  }

  private void write(Object value, int depth) {
    if (value == null) out.append("null");
    else if (value instanceof Boolean || value instanceof Long) out.append(value);
    else if (value instanceof Double n) out.append(special(Values.decimal(n)));
    else if (value instanceof String text) quote(text);
    else if (value instanceof List<?> list) {
      List<Runnable> each = new ArrayList<>();
      for (Object one : list) each.add(() -> write(one, depth + 1));
      enclosed('[', each, ']', depth);
    } else if (value instanceof Map<?, ?> map) {
      List<Object> keys = new ArrayList<>(map.keySet());
      if (sorted) Collections.sort(keys, Values::compare);
      List<Runnable> each = new ArrayList<>();
      for (Object key : keys) {
        each.add(() -> {
          quote(key instanceof String text ? text : key == null ? "null" : key.toString());
          out.append(colon);
          write(map.get(key), depth + 1);
        });
      }
      enclosed('{', each, '}', depth);
    } else if (value instanceof Undefined missing) throw missing.asked();
    else throw new ChatException("a " + Values.kind(value) + " has no JSON");
  }

  private static String special(String number) {
    return switch (number) {
      case "nan" -> "NaN";
      case "inf" -> "Infinity";
      case "-inf" -> "-Infinity";
      default -> number;
    };
  }

  private void enclosed(char begin, List<Runnable> each, char end, int depth) {
    out.append(begin);
    for (int i = 0; i < each.size(); i++) {
      if (i > 0) out.append(comma);
      newLine(depth + 1);
      each.get(i).run();
    }
    if (!each.isEmpty()) newLine(depth);
    out.append(end);
  }

  private void newLine(int depth) {
    if (indent != null) out.append('\n').append(indent.repeat(depth));
  }

  private void quote(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int named = "\"\\\n\r\t\b\f".indexOf(c);
      if (named >= 0) out.append('\\').append("\"\\nrtbf".charAt(named));
      else if (c < ' ' || ascii && c > '~') out.append(String.format("\\u%04x", (int) c));
      else out.append(c);
    }
    out.append('"');
  }
}
