package dev.kindling.data.chat;

import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** What {@code is} can ask (Jinja's documentation, "List of Builtin Tests"). */
final class Tests {
  /** A test of a value. */
  @FunctionalInterface
  interface Test {
    boolean holds(Object value, List<Object> arguments);
  }

  private static final Map<String, Test> ALL = Map.ofEntries(
      Map.entry("defined", (value, with) -> !(value instanceof Undefined)),
      Map.entry("undefined", (value, with) -> value instanceof Undefined),
      Map.entry("none", (value, with) -> value == null),
      Map.entry("string", (value, with) -> value instanceof String),
      Map.entry("mapping", (value, with) -> value instanceof Map),
      Map.entry("iterable", (value, with) -> value instanceof String || value instanceof List || value instanceof Map
          || value instanceof Undefined),
      Map.entry("sequence", (value, with) -> value instanceof String || value instanceof List || value instanceof Map
          || value instanceof Undefined),
      Map.entry("number", (value, with) -> Values.isNumber(value)),
      Map.entry("integer", (value, with) -> value instanceof Long),
      Map.entry("float", (value, with) -> value instanceof Double),
      Map.entry("boolean", (value, with) -> value instanceof Boolean),
      Map.entry("true", (value, with) -> Boolean.TRUE.equals(value)),
      Map.entry("false", (value, with) -> Boolean.FALSE.equals(value)),
      Map.entry("callable", (value, with) -> value instanceof Callable),
      Map.entry("odd", (value, with) -> Values.isEqual(Arithmetic.of("%", value, 2L), 1L)),
      Map.entry("even", (value, with) -> Values.isEqual(Arithmetic.of("%", value, 2L), 0L)),
      Map.entry("divisibleby", (value, with) -> Values.isEqual(Arithmetic.of("%", value, with.get(0)), 0L)),
      Map.entry("lower", (value, with) -> isCase(value, false)),
      Map.entry("upper", (value, with) -> isCase(value, true)),
      Map.entry("sameas", (value, with) -> value == null
          ? with.get(0) == null
          : !(value instanceof Number && with.get(0) instanceof Boolean) && value.equals(with.get(0))),
      Map.entry("in", (value, with) -> Values.contains(with.get(0), value)),
      Map.entry("equalto", comparing("==")), Map.entry("eq", comparing("==")), Map.entry("==", comparing("==")),
      Map.entry("ne", comparing("!=")), Map.entry("!=", comparing("!=")),
      Map.entry("lt", comparing("<")), Map.entry("<", comparing("<")), Map.entry("lessthan", comparing("<")),
      Map.entry("le", comparing("<=")), Map.entry("<=", comparing("<=")),
      Map.entry("gt", comparing(">")), Map.entry(">", comparing(">")), Map.entry("greaterthan", comparing(">")),
      Map.entry("ge", comparing(">=")), Map.entry(">=", comparing(">=")));

  private Tests() {
  }

  /** @return null where there is none of this name */
  static Test named(String name) {
    Test test = ALL.get(name);
    return test == null ? null : (value, arguments) -> {
      try {
        return test.holds(value, arguments);
      } catch (IndexOutOfBoundsException e) {
        throw new ChatException("the test " + name + " needs an argument");
      }
    };
  }

  static String names() {
    return String.join(", ", new TreeSet<>(ALL.keySet()));
  }

  private static Test comparing(String operator) {
    return (value, with) -> ExpressionParser.holds(operator, value, with.get(0));
  }

  private static boolean isCase(Object value, boolean upper) {
    String text = Values.text(value);
    return text.codePoints().anyMatch(upper ? Character::isUpperCase : Character::isLowerCase)
        && text.codePoints().noneMatch(upper ? Character::isLowerCase : Character::isUpperCase);
  }
}
