package dev.kindling.data.chat;

import dev.kindling.data.chat.Statement.Flow;
import dev.kindling.data.chat.Statement.Output;
import dev.kindling.data.chat.Token.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Jinja's blocks (Jinja's documentation, "List of Control Structures"; loop controls from its extensions), and transformers' {@code
 * generation}. Blocks that reach for other templates are none of a chat template and are refused.
 */
final class TemplateParser {
  /** No template can use this name: it is none. */
  private static final String CAPTURED = "what the block wrote";

  private final TokenReader tokens;
  private final ExpressionParser expressions;
  private int loops;
  private int captures;

  private TemplateParser(String template, String where) {
    tokens = new TokenReader(TemplateLexer.tokens(template, where), where);
    expressions = new ExpressionParser(tokens);
  }

  /** @param where what messages call the template; @throws dev.kindling.checkpoint.UserError where it is none that is understood */
  static Statement parse(String template, String where) {
    TemplateParser parser = new TemplateParser(template, where);
    return parser.until(Set.of());
  }

  /** Statements up to a block with one of these names, whose begin and name are passed; none: to the end. */
  private Statement until(Set<String> ends) {
    List<Statement> statements = new ArrayList<>();
    while (tokens.peek().kind() != Kind.END) {
      Token token = tokens.next();
      switch (token.kind()) {
        case TEXT -> statements.add((scope, out) -> {
          out.text().append(token.text());
          return Flow.ON;
        });
        case EXPRESSION_BEGIN -> {
          Expression value = expressions.listOrOne();
          tokens.expect(Kind.EXPRESSION_END, "}}");
          statements.add((scope, out) -> {
            out.text().append(Values.text(value.in(scope)));
            return Flow.ON;
          });
        }
        default -> {
          if (tokens.peek().kind() == Kind.NAME && ends.contains(tokens.peek().text()))
            return Statement.inOrder(statements);
          statements.add(block());
        }
      }
    }
    if (!ends.isEmpty())
      throw tokens
          .wrong("the template ends where one of " + String.join(", ", new java.util.TreeSet<>(ends)) + " must be");
    return Statement.inOrder(statements);
  }

  private Statement block() {
    String name = tokens.name();
    return switch (name) {
      case "if" -> choice();
      case "for" -> loop();
      case "set" -> set();
      case "macro" -> macro();
      case "generation" -> generation();
      case "filter" -> filter();
      case "break", "continue" -> {
        if (loops == 0) throw tokens.wrong(name + " stands in no loop");
        end();
        Flow flow = name.equals("break") ? Flow.BREAK : Flow.CONTINUE;
        yield (scope, out) -> flow;
      }
      case "else", "elif", "endif", "endfor", "endset", "endmacro", "endfilter", "endgeneration" -> throw tokens
          .wrong("found " + name + ", which nothing began");
      default -> throw tokens
          .wrong("the block " + name + " is not one of those that are known here: if, for, set, macro, filter, "
              + "generation, break, continue, raw");
    };
  }

  private void end() {
    tokens.expect(Kind.BLOCK_END, "%}");
  }

  /** The body of a block, whose end is passed. */
  private Statement body(String endName) {
    end();
    Statement body = until(Set.of(endName));
    tokens.next();
    end();
    return body;
  }

  private Statement choice() {
    Expression condition = expressions.expression();
    end();
    Statement then = until(Set.of("elif", "else", "endif"));
    String next = tokens.name();
    Statement otherwise = (scope, out) -> Flow.ON;
    if (next.equals("elif")) otherwise = choice();
    else if (next.equals("else")) otherwise = body("endif");
    else end();
    Statement other = otherwise;
    return (scope, out) -> (Values.isTrue(condition.in(scope)) ? then : other).run(scope, out);
  }

  private Statement loop() {
    List<String> names = names();
    tokens.expect(Kind.NAME, "in");
    Expression all = expressions.or();
    Expression condition = tokens.skipName("if") ? expressions.expression() : null;
    if (tokens.is(Kind.NAME, "recursive")) throw tokens.wrong("recursive loops are not known here");
    end();
    loops++;
    Statement body = until(Set.of("else", "endfor"));
    loops--;
    Statement otherwise = (scope, out) -> Flow.ON;
    if (tokens.name().equals("else")) otherwise = body("endfor");
    else end();
    Statement nothing = otherwise;
    return (scope, out) -> {
      List<Object> items = new ArrayList<>();
      for (Object item : Values.each(all.in(scope)))
        if (condition == null || Values.isTrue(condition.in(turn(scope, names, item)))) items.add(item);
      if (items.isEmpty()) return nothing.run(scope, out);
      run(items, names, body, scope, out);
      return Flow.ON;
    };
  }

  private static void run(List<Object> items, List<String> names, Statement body, Scope scope, Output out) {
    Loop loop = new Loop(items, scope.get("loop") instanceof Loop outer ? outer.depth() + 1 : 0);
    for (int i = 0; i < items.size(); i++) {
      Scope turn = turn(scope, names, items.get(i));
      loop.at(i);
      turn.set("loop", loop);
      if (body.run(turn, out) == Flow.BREAK) return;
    }
  }

  private static Scope turn(Scope around, List<String> names, Object item) {
    Scope turn = new Scope(around);
    assign(turn, names, item);
    return turn;
  }

  /** Several names take the elements of a value. */
  private static void assign(Scope scope, List<String> names, Object value) {
    if (names.size() == 1) {
      scope.set(names.get(0), value);
      return;
    }
    List<Object> each = Values.each(value);
    if (each.size() != names.size())
      throw new ChatException(each.size() + " values for the " + names.size() + " names " + String.join(", ", names));
    for (int i = 0; i < names.size(); i++) scope.set(names.get(i), each.get(i));
  }

  private List<String> names() {
    boolean bracketed = tokens.skipOperator("(");
    List<String> names = new ArrayList<>(List.of(tokens.name()));
    while (tokens.skipOperator(",")) names.add(tokens.name());
    if (bracketed) tokens.expect(Kind.OPERATOR, ")");
    return names;
  }

  private Statement set() {
    List<String> names = names();
    String field = names.size() == 1 && tokens.skipOperator(".") ? tokens.name() : null;
    Expression value;
    if (tokens.skipOperator("=")) {
      value = expressions.listOrOne();
      end();
    } else {
      value = captured("endset", scope -> scope.get(CAPTURED));
    }
    return (scope, out) -> {
      Object of = value.in(scope);
      if (field == null) assign(scope, names, of);
      else if (scope.get(names.get(0)) instanceof Namespace space) space.fields().put(field, of);
      else throw new ChatException(names.get(0) + " is no namespace, whose fields can be set");
      return Flow.ON;
    };
  }

  /** The text that a block's body writes, through the filters that stand in the block. @param first of what is {@link #CAPTURED} */
  private Expression captured(String endName, Expression first) {
    Expression value = first;
    while (tokens.skipOperator("|")) value = expressions.filter(value);
    Expression filtered = value;
    captures++;
    Statement body = body(endName);
    captures--;
    return scope -> {
      Scope inner = new Scope(scope);
      Output out = Output.empty();
      body.run(inner, out);
      inner.set(CAPTURED, out.text().toString());
      return filtered.in(inner);
    };
  }

  private Statement filter() {
    Expression text = captured("endfilter", expressions.filter(scope -> scope.get(CAPTURED)));
    return (scope, out) -> {
      out.text().append(Values.text(text.in(scope)));
      return Flow.ON;
    };
  }

  private Statement macro() {
    String name = tokens.name();
    Map<String, Expression> parameters = new LinkedHashMap<>();
    tokens.expect(Kind.OPERATOR, "(");
    while (!tokens.skipOperator(")")) {
      String parameter = tokens.name();
      parameters.put(parameter, tokens.skipOperator("=") ? expressions.expression() : null);
      if (!tokens.is(Kind.OPERATOR, ")")) tokens.expect(Kind.OPERATOR, ",");
    }
    int around = loops;
    loops = 0;
    captures++;
    Statement body = body("endmacro");
    captures--;
    loops = around;
    return (scope, out) -> {
      scope.set(name, (Callable) (byPlace, byName) -> called(name, parameters, body, scope, byPlace, byName));
      return Flow.ON;
    };
  }

  private static String called(String name, Map<String, Expression> parameters, Statement body, Scope around,
      List<Object> byPlace, Map<String, Object> byName) {
    Arguments given = Arguments.of(name, byPlace, byName, parameters.keySet().toArray(String[]::new));
    Scope inner = new Scope(around);
    parameters.forEach((parameter, otherwise) -> inner.set(parameter, given.has(parameter)
        ? given.get(parameter)
        : otherwise == null ? new Undefined("parameter '" + parameter + "' was not provided") : otherwise.in(inner)));
    Output out = Output.empty();
    body.run(inner, out);
    return out.text().toString();
  }

  private Statement generation() {
    if (captures > 0)
      throw tokens.wrong("generation stands in a macro or a text that is set: where it is written is not known");
    Statement body = body("endgeneration");
    return (scope, out) -> {
      int from = out.text().length();
      Flow flow = body.run(new Scope(scope), out);
      out.generated().add(new ChatTemplate.Stretch(from, out.text().length()));
      return flow;
    };
  }
}
