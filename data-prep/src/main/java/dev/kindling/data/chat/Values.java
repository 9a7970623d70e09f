package dev.kindling.data.chat;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * Values as Python has them: null, {@link Undefined}, Boolean, Long, Double, String, List, Map, {@link Namespace}, {@link Callable}. How they are
 * written, compared and gone through follows Python's reference, sections 3 and 6.
 */
final class Values {
  private Values() {
  }

  static boolean isTrue(Object value) {
    if (value == null || value instanceof Undefined) return false;
    if (value instanceof Boolean yes) return yes;
    if (value instanceof Long n) return n != 0;
    if (value instanceof Double n) return n != 0;
    if (value instanceof String text) return !text.isEmpty();
    if (value instanceof List<?> list) return !list.isEmpty();
    if (value instanceof Map<?, ?> map) return !map.isEmpty();
    return true;
  }

  /** As {@code str} writes it. */
  static String text(Object value) {
    if (value instanceof Undefined) return "";
    return value instanceof String text ? text : shown(value);
  }

  /** As {@code repr} writes it. */
  private static String shown(Object value) {
    if (value == null) return "None";
    if (value instanceof Boolean yes) return yes ? "True" : "False";
    if (value instanceof Double n) return decimal(n);
    if (value instanceof String text) return quoted(text);
    if (value instanceof List<?> list) {
      List<String> each = new ArrayList<>();
      for (Object one : list) each.add(shown(one));
      return "[" + String.join(", ", each) + "]";
    }
    if (value instanceof Map<?, ?> map) {
      List<String> each = new ArrayList<>();
      map.forEach((key, of) -> each.add(shown(key) + ": " + shown(of)));
      return "{" + String.join(", ", each) + "}";
    }
    if (value instanceof Undefined) return "Undefined";
    if (value instanceof Long) return value.toString();
    throw new ChatException("a " + kind(value) + " is not text");
  }

  private static String quoted(String text) {
    char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
    StringBuilder out = new StringBuilder().append(quote);
    text.codePoints().forEach(c -> {
      if (c == quote || c == '\\') out.append('\\').appendCodePoint(c);
      else if (c == '\n') out.append("\\n");
      else if (c == '\r') out.append("\\r");
      else if (c == '\t') out.append("\\t");
      else if (c < ' ' || c >= 0x7f && c < 0xa0 || c == 0xad) out.append(String.format("\\x%02x", c));
      else out.appendCodePoint(c);
    });
    return out.append(quote).toString();
  }

  /** The shortest digits that are this number, as {@code repr} writes them. */
  static String decimal(double n) {
    if (Double.isNaN(n)) return "nan";
    if (Double.isInfinite(n)) return n > 0 ? "inf" : "-inf";
    if (n == 0) return 1 / n < 0 ? "-0.0" : "0.0";
    String digits = "";
    for (int precision = 0; precision < 17; precision++) {
      digits = String.format(java.util.Locale.ROOT, "%." + precision + "e", n);
      if (Double.parseDouble(digits) == n) break;
    }
    int e = digits.indexOf('e');
    int exponent = Integer.parseInt(digits.substring(e + 1));
    if (exponent < -4 || exponent >= 16)
      return digits.substring(0, e)
          + String.format(java.util.Locale.ROOT, "e%s%02d", exponent < 0 ? "-" : "+", Math.abs(exponent));
    String plain = new java.math.BigDecimal(digits).toPlainString();
    return plain.contains(".") ? plain : plain + ".0";
  }

  static String kind(Object value) {
    if (value == null) return "none";
    if (value instanceof Boolean) return "true or false";
    if (value instanceof Number) return "number";
    if (value instanceof String) return "text";
    if (value instanceof List) return "list";
    if (value instanceof Map) return "dictionary";
    return value instanceof Undefined ? "undefined value" : "function";
  }

  static boolean isEqual(Object a, Object b) {
    if (a instanceof Long && b instanceof Long) return a.equals(b);
    if (isNumber(a) && isNumber(b)) return number(a) == number(b);
    if (a instanceof List<?> left && b instanceof List<?> right) {
      if (left.size() != right.size()) return false;
      Iterator<?> other = right.iterator();
      for (Object one : left) if (!isEqual(one, other.next())) return false;
      return true;
    }
    if (a instanceof Map<?, ?> left && b instanceof Map<?, ?> right) {
      if (left.size() != right.size()) return false;
      for (Map.Entry<?, ?> one : left.entrySet())
        if (!right.containsKey(one.getKey()) || !isEqual(one.getValue(), right.get(one.getKey()))) return false;
      return true;
    }
    if (a instanceof Undefined || b instanceof Undefined) return a instanceof Undefined && b instanceof Undefined;
    return a == null ? b == null : a.equals(b);
  }

  /** A number, or true and false as 1 and 0. */
  static boolean isNumber(Object value) {
    return value instanceof Number || value instanceof Boolean;
  }

  static double number(Object value) {
    if (value instanceof Boolean yes) return yes ? 1 : 0;
    return ((Number) value).doubleValue();
  }

  /** Less than 0, 0 or more; @throws ChatException where the two have no order */
  static int compare(Object a, Object b) {
    if (a instanceof Long left && b instanceof Long right) return left.compareTo(right);
    if (isNumber(a) && isNumber(b)) return Double.compare(number(a), number(b));
    if (a instanceof String left && b instanceof String right) {
      int[] l = left.codePoints().toArray();
      int[] r = right.codePoints().toArray();
      return java.util.Arrays.compare(l, r);
    }
    if (a instanceof List<?> left && b instanceof List<?> right) {
      for (int i = 0; i < Math.min(left.size(), right.size()); i++) {
        if (!isEqual(left.get(i), right.get(i))) return compare(left.get(i), right.get(i));
      }
      return Integer.compare(left.size(), right.size());
    }
    throw notWith("compared", a, b);
  }

  static ChatException notWith(String what, Object a, Object b) {
    if (a instanceof Undefined missing) return missing.asked();
    if (b instanceof Undefined missing) return missing.asked();
    return new ChatException("a " + kind(a) + " and a " + kind(b) + " cannot be " + what);
  }

  static boolean contains(Object all, Object one) {
    if (all instanceof String text) {
      if (one instanceof String part) return text.contains(part);
      throw notWith("searched for in one another", all, one);
    }
    if (all instanceof Map<?, ?> map) return map.containsKey(one);
    for (Object each : each(all)) if (isEqual(each, one)) return true;
    return false;
  }

  /** What {@code for} goes through: elements, keys, characters; nothing of what is undefined. */
  static List<Object> each(Object value) {
    if (value instanceof List<?> list) return new ArrayList<>(list);
    if (value instanceof Map<?, ?> map) return new ArrayList<>(map.keySet());
    if (value instanceof Undefined) return List.of();
    if (value instanceof String text) {
      List<Object> characters = new ArrayList<>();
      text.codePoints().forEach(c -> characters.add(Character.toString(c)));
      return characters;
    }
    throw new ChatException("a " + kind(value) + " is nothing to go through");
  }

  /** @throws ChatException where the value has none */
  static long length(Object value) {
    if (value instanceof String text) return text.codePointCount(0, text.length());
    if (value instanceof Number || value instanceof Boolean || value == null)
      throw new ChatException("a " + kind(value) + " has no length");
    return each(value).size();
  }
}
