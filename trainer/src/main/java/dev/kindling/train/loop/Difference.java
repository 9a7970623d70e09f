package dev.kindling.train.loop;

import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Where the texts of two settings differ. A setting may be a whole record, whose text is {@code Name[width=64, heads=2,
 * rope=Rope[base=10000.0]]}: then only the first part that differs is of interest.
 *
 * @param key such as {@code model.width}; @param before and @param after what the part was and is, as a user
 *     writes it
 */
record Difference(String key, String before, String after) {
  /** @param name before the bracket; @param parts of the form name=text */
  private record Text(String name, List<String> parts) {}

  /** Of two texts that are not the same. */
  static Difference of(String key, String before, String after) {
    Optional<Text> then = parse(before), now = parse(after);
    if (then.isEmpty() || now.isEmpty()) return new Difference(key, written(before), written(after));
    if (!then.get().name().equals(now.get().name())) return new Difference(key, then.get().name(), now.get().name());
    List<String> a = then.get().parts(), b = now.get().parts();
    for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
      if (a.get(i).equals(b.get(i))) continue;
      String name = nameOf(a.get(i));
      if (!name.equals(nameOf(b.get(i)))) break;
      return of(key + "." + name, a.get(i).substring(name.length() + 1), b.get(i).substring(name.length() + 1));
    }
    return new Difference(key, before, after);
  }

  /** A run's state has precisions by their names in the code. */
  private static String written(String value) {
    return Arrays.stream(Precision.values()).filter(one -> one.name().equals(value)).map(Precision::label).findFirst()
        .orElse(value);
  }

  private static String nameOf(String part) {
    return part.substring(0, part.indexOf('='));
  }

  /** Empty where it is not a record's text. */
  private static Optional<Text> parse(String text) {
    int open = text.indexOf('[');
    if (open <= 0 || !text.endsWith("]")
        || !text.substring(0, open).chars().allMatch(Character::isJavaIdentifierPart)) {
      return Optional.empty();
    }
    List<String> parts = new ArrayList<>();
    int depth = 0;
    int start = open + 1;
    for (int i = start; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '[') depth++;
      boolean ends = depth == 0 && (c == ']' || text.startsWith(", ", i));
      if (c == ']') depth--;
      if (!ends) continue;
      parts.add(text.substring(start, i));
      start = i + 2;
    }
    return parts.stream().allMatch(p -> p.indexOf('=') > 0)
        ? Optional.of(new Text(text.substring(0, open), parts))
        : Optional.empty();
  }
}
