package dev.kindling.data.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntPredicate;

/** The methods of a text that templates use, as Python's library reference, "String Methods", has them. */
final class PythonText {
  private PythonText() {
  }

  /** @return null where there is no such method */
  static Callable method(String text, String name) {
    return switch (name) {
      case "strip" -> (by, named) -> strip(text, one(name, by, named, "chars").textOrNone("chars"), true, true);
      case "lstrip" -> (by, named) -> strip(text, one(name, by, named, "chars").textOrNone("chars"), true, false);
      case "rstrip" -> (by, named) -> strip(text, one(name, by, named, "chars").textOrNone("chars"), false, true);
      case "startswith" -> (by, named) -> any(one(name, by, named, "prefix").get("prefix"), text::startsWith);
      case "endswith" -> (by, named) -> any(one(name, by, named, "suffix").get("suffix"), text::endsWith);
      case "upper" -> (by, named) -> text.toUpperCase(Locale.ROOT);
      case "lower" -> (by, named) -> text.toLowerCase(Locale.ROOT);
      case "title" -> (by, named) -> title(text);
      case "capitalize" -> (by, named) -> capitalized(text);
      case "isdigit" -> (by, named) -> all(text, Character::isDigit);
      case "isalpha" -> (by, named) -> all(text, Character::isLetter);
      case "isalnum" -> (by, named) -> all(text, Character::isLetterOrDigit);
      case "isspace" -> (by, named) -> all(text, PythonText::isSpace);
      case "split" -> (by, named) -> split(text, Arguments.of(name, by, named, "sep", "maxsplit"));
      case "rsplit" -> (by, named) -> splitFromRight(text, Arguments.of(name, by, named, "sep", "maxsplit"));
      case "splitlines" -> (by, named) -> lines(text);
      case "replace" -> (by, named) -> replaced(text, Arguments.of(name, by, named, "old", "new", "count"));
      case "removeprefix" -> (by, named) -> {
        String prefix = one(name, by, named, "prefix").text("prefix");
        return text.startsWith(prefix) ? text.substring(prefix.length()) : text;
      };
      case "removesuffix" -> (by, named) -> {
        String suffix = one(name, by, named, "suffix").text("suffix");
        return text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text;
      };
      case "join" -> (by, named) -> joined(text, one(name, by, named, "iterable").get("iterable"));
      case "find" -> (by, named) -> place(text, text.indexOf(one(name, by, named, "sub").text("sub")));
      case "rfind" -> (by, named) -> place(text, text.lastIndexOf(one(name, by, named, "sub").text("sub")));
      case "count" -> (by, named) -> (long) pieces(text, one(name, by, named, "sub").text("sub"), -1).size() - 1;
      default -> null;
    };
  }

  private static Arguments one(String method, List<Object> byPlace, Map<String, Object> named, String argument) {
    return Arguments.of(method, byPlace, named, argument);
  }

  /** What Python's {@code isspace} says, beyond Java's own: no-break spaces and U+0085. */
  static boolean isSpace(int c) {
    return Character.isWhitespace(c) || c == 0x85 || c == 0xa0 || c == 0x2007 || c == 0x202f;
  }

  /** @param chars that go, each of them; null: white space */
  static String strip(String text, String chars, boolean left, boolean right) {
    IntPredicate goes = chars == null ? PythonText::isSpace : c -> chars.indexOf(c) >= 0;
    int from = 0;
    int to = text.length();
    while (left && from < to && goes.test(text.codePointAt(from))) from += Character.charCount(text.codePointAt(from));
    while (right && to > from && goes.test(text.codePointBefore(to)))
      to -= Character.charCount(text.codePointBefore(to));
    return text.substring(from, to);
  }

  private static boolean any(Object given, java.util.function.Predicate<String> is) {
    List<Object> each = given instanceof String ? List.of(given) : Values.each(given);
    return each.stream().anyMatch(one -> one instanceof String text && is.test(text));
  }

  private static boolean all(String text, IntPredicate is) {
    return !text.isEmpty() && text.codePoints().allMatch(is);
  }

  static String capitalized(String text) {
    if (text.isEmpty()) return text;
    int end = text.offsetByCodePoints(0, 1);
    return text.substring(0, end).toUpperCase(Locale.ROOT) + text.substring(end).toLowerCase(Locale.ROOT);
  }

  private static String title(String text) {
    StringBuilder out = new StringBuilder();
    boolean inWord = false;
    for (int c : text.codePoints().toArray()) {
      out.appendCodePoint(inWord ? Character.toLowerCase(c) : Character.toTitleCase(c));
      inWord = Character.isLetter(c);
    }
    return out.toString();
  }

  private static List<Object> split(String text, Arguments given) {
    String separator = given.textOrNone("sep");
    int most = (int) given.whole("maxsplit", -1);
    if (separator != null) return new ArrayList<>(pieces(text, separator, most));
    List<Object> words = new ArrayList<>();
    String rest = strip(text, null, true, false);
    while (!rest.isEmpty() && (most < 0 || words.size() < most)) {
      int end = 0;
      while (end < rest.length() && !isSpace(rest.codePointAt(end))) end += Character.charCount(rest.codePointAt(end));
      words.add(rest.substring(0, end));
      rest = strip(rest.substring(end), null, true, false);
    }
    if (!rest.isEmpty()) words.add(rest);
    return words;
  }

  private static List<Object> splitFromRight(String text, Arguments given) {
    String separator = given.text("sep");
    int most = (int) given.whole("maxsplit", -1);
    List<String> pieces = pieces(text, separator, -1);
    int together = most < 0 ? 1 : Math.max(1, pieces.size() - most);
    List<Object> split = new ArrayList<>(List.of(String.join(separator, pieces.subList(0, together))));
    split.addAll(pieces.subList(together, pieces.size()));
    return split;
  }

  private static List<String> pieces(String text, String separator, int most) {
    if (separator.isEmpty()) throw new ChatException("split: an empty separator");
    List<String> pieces = new ArrayList<>();
    int from = 0;
    for (int at = text.indexOf(separator); at >= 0
        && (most < 0 || pieces.size() < most); at = text.indexOf(separator, from)) {
      pieces.add(text.substring(from, at));
      from = at + separator.length();
    }
    pieces.add(text.substring(from));
    return pieces;
  }

  private static List<Object> lines(String text) {
    List<Object> lines = new ArrayList<>(
        List.of((Object[]) text.split("\r\n|[\n\r\u000b\f\u001c-\u001e\u0085\u2028\u2029]", -1)));
    if (lines.get(lines.size() - 1).equals("")) lines.remove(lines.size() - 1);
    return lines;
  }

  static String replaced(String text, Arguments given) {
    long most = given.get("count", null) == null ? -1 : given.whole("count", -1);
    String old = given.text("old");
    String with = given.text("new");
    return most < 0 ? text.replace(old, with) : String.join(with, pieces(text, old, (int) most));
  }

  private static String joined(String between, Object all) {
    List<String> texts = new ArrayList<>();
    for (Object one : Values.each(all)) {
      if (!(one instanceof String text)) throw new ChatException("join: a " + Values.kind(one) + " is not text");
      texts.add(text);
    }
    return String.join(between, texts);
  }

  /** In characters. */
  private static long place(String text, int at) {
    return at < 0 ? -1 : text.codePointCount(0, at);
  }
}
