package dev.kindling.data.chat;

import dev.kindling.data.chat.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Jinja's expressions (Jinja's documentation, "Expressions"), each kind of operator binding tighter than the one before:
 *
 * <pre>
 *   a if c else b · or · and · not · comparisons and in · + - · ~ · * / // % · ** · signs · . [] () | is
 * </pre>
 */
final class ExpressionParser {
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");
  private static final Set<String> AFTER_A_TEST = Set.of("else", "or", "and", "if", "is", "in", "not");

  private final TokenReader tokens;

  ExpressionParser(TokenReader tokens) {
    this.tokens = tokens;
  }

  /** One expression, or several with commas between, which are a list. */
  Expression listOrOne() {
    Expression first = expression();
    if (!tokens.is(Kind.OPERATOR, ",")) return first;
    List<Expression> all = new ArrayList<>(List.of(first));
    while (tokens.skipOperator(",") && tokens.peek().kind() != Kind.BLOCK_END && !tokens.is(Kind.OPERATOR, ")"))
      all.add(expression());
    return list(all);
  }

  Expression expression() {
    Expression value = or();
    while (tokens.skipName("if")) {
      Expression then = value;
      Expression condition = or();
      Expression otherwise = tokens.skipName("else") ? expression() : scope -> new Undefined("there is no else");
      value = scope -> Values.isTrue(condition.in(scope)) ? then.in(scope) : otherwise.in(scope);
    }
    return value;
  }

  /** One without {@code if}, which may mean something else behind it. */
  Expression or() {
    Expression value = and();
    while (tokens.skipName("or")) {
      Expression left = value;
      Expression right = and();
      value = scope -> {
        Object first = left.in(scope);
        return Values.isTrue(first) ? first : right.in(scope);
      };
    }
    return value;
  }

  private Expression and() {
    Expression value = not();
    while (tokens.skipName("and")) {
      Expression left = value;
      Expression right = not();
      value = scope -> {
        Object first = left.in(scope);
        return Values.isTrue(first) ? right.in(scope) : first;
      };
    }
    return value;
  }

  private Expression not() {
    if (!tokens.skipName("not")) return comparison();
    Expression value = not();
    return scope -> !Values.isTrue(value.in(scope));
  }

  /** A chain, as {@code a < b < c}, holds where each of its links does. */
  private Expression comparison() {
    List<Expression> values = new ArrayList<>(List.of(sum()));
    List<String> operators = new ArrayList<>();
    while (true) {
      Token token = tokens.peek();
      boolean notIn = token.is(Kind.NAME, "not") && tokens.isNext(Kind.NAME, "in");
      if (notIn) tokens.next();
      else
        if (!token.is(Kind.NAME, "in") && !(token.kind() == Kind.OPERATOR && COMPARISONS.contains(token.text()))) break;
      operators.add(notIn ? "not in" : token.text());
      tokens.next();
      values.add(sum());
    }
    if (operators.isEmpty()) return values.get(0);
    return scope -> {
      Object left = values.get(0).in(scope);
      for (int i = 0; i < operators.size(); i++) {
        Object right = values.get(i + 1).in(scope);
        if (!holds(operators.get(i), left, right)) return false;
        left = right;
      }
      return true;
    };
  }

  static boolean holds(String operator, Object a, Object b) {
    return switch (operator) {
      case "==" -> Values.isEqual(a, b);
      case "!=" -> !Values.isEqual(a, b);
      case "in" -> Values.contains(b, a);
      case "not in" -> !Values.contains(b, a);
      case "<" -> Values.compare(a, b) < 0;
      case "<=" -> Values.compare(a, b) <= 0;
      case ">" -> Values.compare(a, b) > 0;
      default -> Values.compare(a, b) >= 0;
    };
  }

  private Expression sum() {
    Expression value = joined();
    while (tokens.is(Kind.OPERATOR, "+") || tokens.is(Kind.OPERATOR, "-"))
      value = both(tokens.next().text(), value, joined());
    return value;
  }

  private Expression joined() {
    Expression value = product();
    while (tokens.skipOperator("~")) {
      Expression left = value;
      Expression right = product();
      value = scope -> Values.text(left.in(scope)) + Values.text(right.in(scope));
    }
    return value;
  }

  private Expression product() {
    Expression value = power();
    while (tokens.peek().kind() == Kind.OPERATOR && Set.of("*", "/", "//", "%").contains(tokens.peek().text()))
      value = both(tokens.next().text(), value, power());
    return value;
  }

  private Expression power() {
    Expression value = signed(true);
    while (tokens.skipOperator("**")) value = both("**", value, signed(true));
    return value;
  }

  private static Expression both(String operator, Expression left, Expression right) {
    return scope -> Arithmetic.of(operator, left.in(scope), right.in(scope));
  }

  private Expression signed(boolean filtered) {
    Expression value;
    if (tokens.skipOperator("-")) {
      Expression of = signed(false);
      value = scope -> Arithmetic.negative(of.in(scope));
    } else {
      value = tokens.skipOperator("+") ? signed(false) : behind(single());
    }
    return filtered ? filtered(value) : value;
  }

  /** {@code .name}, {@code [key]}, {@code [from:to]}, {@code (arguments)}, any number of them. */
  private Expression behind(Expression first) {
    Expression value = first;
    while (true) {
      Expression of = value;
      if (tokens.skipOperator(".")) {
        String name = tokens.peek().kind() == Kind.INTEGER ? tokens.next().text() : tokens.name();
        value = Character.isDigit(name.charAt(0))
            ? scope -> Fields.at(of.in(scope), Long.parseLong(name))
            : scope -> Fields.dotted(of.in(scope), name);
      } else if (tokens.skipOperator("[")) value = subscript(of);
      else if (tokens.is(Kind.OPERATOR, "(")) value = call(of);
      else return value;
    }
  }

  private Expression subscript(Expression of) {
    Expression[] parts = new Expression[3];
    int part = 0;
    while (!tokens.is(Kind.OPERATOR, "]")) {
      if (tokens.skipOperator(":")) part++;
      else parts[part] = expression();
      if (part == parts.length) throw tokens.wrong("a part of a list has a start, an end and a step at most");
    }
    tokens.expect(Kind.OPERATOR, "]");
    if (part == 0 && parts[0] == null) throw tokens.wrong("found [] where a key or a place must be in it");
    if (part == 0) return scope -> Fields.at(of.in(scope), parts[0].in(scope));
    return scope -> Fields.slice(of.in(scope), in(parts[0], scope), in(parts[1], scope), in(parts[2], scope));
  }

  private static Object in(Expression part, Scope scope) {
    return part == null ? null : part.in(scope);
  }

  private Expression call(Expression of) {
    Given given = arguments();
    return scope -> {
      Object called = of.in(scope);
      if (called instanceof Undefined missing) throw missing.asked();
      if (!(called instanceof Callable function))
        throw new ChatException("a " + Values.kind(called) + " is no function");
      return function.call(given.byPlace(scope), given.byName(scope));
    };
  }

  /** The arguments of a call, as they are written. */
  record Given(List<Expression> places, Map<String, Expression> names) {
    static final Given NOTHING = new Given(List.of(), Map.of());

    List<Object> byPlace(Scope scope) {
      List<Object> values = new ArrayList<>();
      for (Expression one : places) values.add(one.in(scope));
      return values;
    }

    Map<String, Object> byName(Scope scope) {
      Map<String, Object> values = new LinkedHashMap<>();
      names.forEach((name, one) -> values.put(name, one.in(scope)));
      return values;
    }
  }

  /** With their brackets. */
  Given arguments() {
    List<Expression> places = new ArrayList<>();
    Map<String, Expression> names = new LinkedHashMap<>();
    tokens.expect(Kind.OPERATOR, "(");
    while (!tokens.skipOperator(")")) {
      if (tokens.peek().kind() == Kind.NAME && tokens.isNext(Kind.OPERATOR, "=")) {
        String name = tokens.name();
        tokens.next();
        names.put(name, expression());
      } else {
        places.add(expression());
      }
      if (!tokens.is(Kind.OPERATOR, ")")) tokens.expect(Kind.OPERATOR, ",");
    }
    return new Given(places, names);
  }

  /** {@code | filter}, {@code is test} and calls of what they give. */
  private Expression filtered(Expression first) {
    Expression value = first;
    while (true) {
      if (tokens.skipOperator("|")) value = filter(value);
      else if (tokens.skipName("is")) value = test(value);
      else if (tokens.is(Kind.OPERATOR, "(")) value = call(value);
      else return value;
    }
  }

  /** The filter whose name comes next. */
  Expression filter(Expression of) {
    String name = tokens.name();
    Filters.Filter filter = Filters.named(name);
    if (filter == null)
      throw tokens.wrong("the filter " + name + " is not one of those that are known here: " + Filters.names());
    Given given = tokens.is(Kind.OPERATOR, "(") ? arguments() : Given.NOTHING;
    return scope -> filter.of(of.in(scope), given.byPlace(scope), given.byName(scope));
  }

  private Expression test(Expression of) {
    boolean negated = tokens.skipName("not");
    String name = tokens.peek().kind() == Kind.OPERATOR && COMPARISONS.contains(tokens.peek().text())
        ? tokens.next().text()
        : tokens.name();
    Tests.Test test = Tests.named(name);
    if (test == null)
      throw tokens.wrong("the test " + name + " is not one of those that are known here: " + Tests.names());
    Given given = tokens.is(Kind.OPERATOR, "(")
        ? arguments()
        : isValue(tokens.peek()) ? new Given(List.of(behind(single())), Map.of()) : Given.NOTHING;
    return scope -> test.holds(of.in(scope), given.byPlace(scope)) != negated;
  }

  private static boolean isValue(Token token) {
    return switch (token.kind()) {
      case STRING, INTEGER, FLOAT -> true;
      case NAME -> !AFTER_A_TEST.contains(token.text());
      case OPERATOR -> token.text().equals("[") || token.text().equals("{");
      default -> false;
    };
  }

  private Expression single() {
    Token token = tokens.next();
    return switch (token.kind()) {
      case NAME -> named(token.text());
      case STRING -> {
        StringBuilder text = new StringBuilder(token.text());
        while (tokens.peek().kind() == Kind.STRING) text.append(tokens.next().text());
        yield constant(text.toString());
      }
      case INTEGER -> constant(Long.parseLong(token.text()));
      case FLOAT -> constant(Double.parseDouble(token.text()));
      case OPERATOR -> bracketed(token);
      default -> throw tokens.wrong("found " + token.shown() + " where a value must be");
    };
  }

  private static Expression constant(Object value) {
    return scope -> value;
  }

  private static Expression named(String name) {
    return switch (name) {
      case "true", "True" -> constant(true);
      case "false", "False" -> constant(false);
      case "none", "None" -> constant(null);
      default -> scope -> scope.get(name);
    };
  }

  private Expression bracketed(Token bracket) {
    switch (bracket.text()) {
      case "(" -> {
        if (tokens.skipOperator(")")) return list(List.of());
        Expression value = listOrOne();
        tokens.expect(Kind.OPERATOR, ")");
        return value;
      }
      case "[" -> {
        List<Expression> all = new ArrayList<>();
        while (!tokens.skipOperator("]")) {
          all.add(expression());
          if (!tokens.is(Kind.OPERATOR, "]")) tokens.expect(Kind.OPERATOR, ",");
        }
        return list(all);
      }
      case "{" -> {
        return dictionary();
      }
      default -> throw tokens.wrong("found " + bracket.text() + " where a value must be");
    }
  }

  private static Expression list(List<Expression> all) {
    return new Given(all, Map.of())::byPlace;
  }

  private Expression dictionary() {
    List<Expression> keys = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (!tokens.skipOperator("}")) {
      keys.add(expression());
      tokens.expect(Kind.OPERATOR, ":");
      values.add(expression());
      if (!tokens.is(Kind.OPERATOR, "}")) tokens.expect(Kind.OPERATOR, ",");
    }
    return scope -> {
      Map<Object, Object> all = new LinkedHashMap<>();
      for (int i = 0; i < keys.size(); i++) all.put(keys.get(i).in(scope), values.get(i).in(scope));
      return all;
    };
  }
}
