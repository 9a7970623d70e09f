package dev.kindling.jobs.config;

import java.lang.reflect.Type;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The single values that a setting can be: how each is read from text, and how a message names it. */
final class ScalarType {
  private ScalarType() {
  }

  /** @return the value, or nothing where the text is not one of this type */
  static Optional<Object> parse(Class<?> type, String text) {
    try {
      if (type == String.class) return Optional.ofNullable(text);
      if (type == int.class || type == Integer.class) return Optional.of(Integer.parseInt(number(text)));
      if (type == long.class || type == Long.class) return Optional.of(Long.parseLong(number(text)));
      if (type == double.class || type == Double.class) return finite(Double.parseDouble(number(text)));
      if (type == float.class || type == Float.class) return finite(Float.parseFloat(number(text)));
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
    if (type == boolean.class || type == Boolean.class) {
      return switch (text) {
        case "true" -> Optional.of(true);
        case "false" -> Optional.of(false);
        default -> Optional.empty();
      };
    }
    if (type.isEnum()) {
      return Arrays.stream(type.getEnumConstants()).filter(value -> acceptedNames(value).contains(plain(text)))
          .findFirst().map(Object.class::cast);
    }
    throw new IllegalStateException("a setting cannot be a " + type);
  }

  /** What a message says that the value must be. */
  static String describe(Type type) {
    if (type == String.class) return "text";
    if (type == int.class || type == long.class || type == Integer.class || type == Long.class) return "a whole number";
    if (type == double.class || type == float.class || type == Double.class || type == Float.class) return "a number";
    if (type == boolean.class || type == Boolean.class) return "true or false";
    if (type instanceof Class<?> enumeration && enumeration.isEnum()) {
      return names(enumeration).stream().collect(Collectors.joining(", ", "one of ", ""));
    }
    if (type.getTypeName().startsWith("java.util.List")) return "a list";
    return "a section of settings";
  }

  /** {@code "; did you mean x?"} where a name is near. */
  static String suggestion(Class<?> type, String text) {
    if (!type.isEnum()) return "";
    return NearestName.of(text, names(type)).map(near -> "; did you mean " + near + "?").orElse("");
  }

  private static List<String> names(Class<?> enumeration) {
    return Arrays.stream(enumeration.getEnumConstants()).map(value -> acceptedNames(value).get(0)).toList();
  }

  /** Every enum is known by its name; bfloat16 first by what people call it. */
  private static List<String> acceptedNames(Object value) {
    String name = plain(((Enum<?>) value).name());
    return name.equals("bfloat16") ? List.of("bf16", name) : List.of(name);
  }

  static String plain(String name) {
    return name.toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static String number(String text) {
    return text.replace("_", "");
  }

  private static Optional<Object> finite(double value) {
    return Double.isFinite(value) ? Optional.of(value) : Optional.empty();
  }

  private static Optional<Object> finite(float value) {
    return Float.isFinite(value) ? Optional.of(value) : Optional.empty();
  }
}
