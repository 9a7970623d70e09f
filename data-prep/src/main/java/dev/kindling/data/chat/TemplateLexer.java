package dev.kindling.data.chat;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.chat.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template as Jinja 3.1 does with {@code trim_blocks} and {@code lstrip_blocks} (Jinja's documentation, "Whitespace Control"): the
 * line break behind a block goes, and so does what is blank before a block on its line; {@code -} takes all white space there, {@code +}
 * leaves it. The last line break of a template is none.
 */
final class TemplateLexer {
  private static final Pattern BEGIN = Pattern.compile("\\{\\{|\\{%|\\{#");
  private static final Pattern RAW = Pattern.compile("\\{%([-+]?)\\s*raw\\s*(-?)%\\}");
  private static final Pattern END_RAW = Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%\\}");
  private static final Pattern NUMBER = Pattern.compile("\\d+(?:_\\d+)*(\\.\\d+)?([eE][-+]?\\d+)?");
  private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{Mn}\\p{Nd}_]*");
  private static final Pattern OPERATOR = Pattern.compile("//|\\*\\*|==|!=|<=|>=|[-+*/%~\\[\\](){}<>=.:|,]");

  private final String source;
  private final String where;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;
  private boolean lineBegins = true;

  private TemplateLexer(String source, String where) {
    this.source = source;
    this.where = where;
  }

  /** @throws UserError where a block or a string is not ended, or a sign is none of Jinja's */
  static List<Token> tokens(String template, String where) {
    String source = template.replace("\r\n", "\n").replace('\r', '\n');
    if (source.endsWith("\n")) source = source.substring(0, source.length() - 1);
    TemplateLexer lexer = new TemplateLexer(source, where);
    while (lexer.at < source.length()) lexer.next();
    lexer.add(Kind.END, "");
    return lexer.tokens;
  }

  private void next() {
    Matcher begin = BEGIN.matcher(source);
    if (!begin.find(at)) {
      text(source.substring(at));
      at = source.length();
      return;
    }
    int start = begin.start();
    String kind = begin.group();
    char sign = begin.end() < source.length() ? source.charAt(begin.end()) : ' ';
    text(stripped(source.substring(at, start), sign, !kind.equals("{{")));
    count(source.substring(at, start));
    at = start;
    Matcher raw = RAW.matcher(source).region(start, source.length());
    if (raw.lookingAt()) raw(raw);
    else if (kind.equals("{#")) comment();
    else code(kind.equals("{{"), sign);
  }

  /** @param text before a block or an expression, or at the end of one that is raw */
  private String stripped(String text, char sign, boolean block) {
    if (sign == '-') return text.stripTrailing();
    if (sign == '+' || !block) return text;
    int lineStart = text.lastIndexOf('\n') + 1;
    boolean wholeLine = lineStart > 0 || lineBegins;
    return wholeLine && text.substring(lineStart).isBlank() ? text.substring(0, lineStart) : text;
  }

  private void text(String text) {
    if (!text.isEmpty()) add(Kind.TEXT, text);
  }

  private void add(Kind kind, String text) {
    tokens.add(new Token(kind, text, line));
  }

  private void count(String passed) {
    for (int i = 0; i < passed.length(); i++) if (passed.charAt(i) == '\n') line++;
  }

  private void raw(Matcher begin) {
    Matcher end = END_RAW.matcher(source);
    if (!end.find(begin.end())) throw wrong("raw is not ended; {% endraw %} is missing");
    String content = source.substring(begin.end(), end.start());
    if (!begin.group(2).isEmpty()) content = content.stripLeading();
    lineBegins = false;
    text(stripped(content, end.group(1).isEmpty() ? ' ' : end.group(1).charAt(0), true));
    count(source.substring(at, end.end()));
    at = end.end();
    afterBlock(end.group(2));
  }

  private void comment() {
    int end = source.indexOf("#}", at + 2);
    if (end < 0) throw wrong("a comment is not ended; #} is missing");
    String sign = end > at + 2 ? source.substring(end - 1, end) : "";
    count(source.substring(at, end));
    at = end + 2;
    afterBlock(sign);
  }

  /** Behind a block's end. @param sign that stood in it */
  private void afterBlock(String sign) {
    lineBegins = false;
    if (sign.equals("-")) skipBlank();
    else if (!sign.equals("+") && source.startsWith("\n", at)) {
      at++;
      line++;
      lineBegins = true;
    }
  }

  private void skipBlank() {
    int from = at;
    while (at < source.length() && Character.isWhitespace(source.charAt(at))) at++;
    count(source.substring(from, at));
    lineBegins = at > from && source.charAt(at - 1) == '\n';
  }

  private void code(boolean expression, char sign) {
    String end = expression ? "}}" : "%}";
    add(expression ? Kind.EXPRESSION_BEGIN : Kind.BLOCK_BEGIN, source.substring(at, at + 2));
    at += sign == '-' || sign == '+' ? 3 : 2;
    int open = 0;
    while (true) {
      while (at < source.length() && Character.isWhitespace(source.charAt(at))) count(source.substring(at, ++at));
      if (at >= source.length()) throw wrong((expression ? "{{" : "{%") + " is not ended; " + end + " is missing");
      boolean signed = source.startsWith("-" + end, at) || !expression && source.startsWith("+" + end, at);
      if (open == 0 && (signed || source.startsWith(end, at))) {
        add(expression ? Kind.EXPRESSION_END : Kind.BLOCK_END, end);
        String behind = signed ? source.substring(at, at + 1) : "";
        at += end.length() + behind.length();
        if (!expression) afterBlock(behind);
        else {
          lineBegins = false;
          if (signed) skipBlank();
        }
        return;
      }
      String operator = token();
      if (operator.length() == 1 && "([{".contains(operator)) open++;
      if (operator.length() == 1 && ")]}".contains(operator)) open--;
    }
  }

  /** @return an operator, or nothing where it is another token */
  private String token() {
    char c = source.charAt(at);
    if (c == '\'' || c == '"') {
      string(c);
      return "";
    }
    Matcher number = take(NUMBER);
    if (number != null) {
      boolean whole = number.group(1) == null && number.group(2) == null;
      add(whole ? Kind.INTEGER : Kind.FLOAT, number.group().replace("_", ""));
      return "";
    }
    Matcher name = take(NAME);
    if (name != null) {
      add(Kind.NAME, name.group());
      return "";
    }
    Matcher operator = take(OPERATOR);
    if (operator == null) throw wrong("'" + c + "' is not understood");
    add(Kind.OPERATOR, operator.group());
    return operator.group();
  }

  private Matcher take(Pattern pattern) {
    Matcher found = pattern.matcher(source).region(at, source.length());
    if (!found.lookingAt()) return null;
    at = found.end();
    return found;
  }

  private void string(char quote) {
    int end = at + 1;
    while (end < source.length() && source.charAt(end) != quote) end += source.charAt(end) == '\\' ? 2 : 1;
    if (end >= source.length()) throw wrong("a string is not ended; " + quote + " is missing");
    String literal = source.substring(at + 1, end);
    add(Kind.STRING, unescaped(literal));
    count(literal);
    at = end + 1;
  }

  /** As Python reads a literal (Python's reference, section 2.5.1); what it does not know stays. */
  private String unescaped(String literal) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < literal.length(); i++) {
      char c = literal.charAt(i);
      if (c != '\\') {
        text.append(c);
        continue;
      }
      char of = literal.charAt(++i);
      int simple = "ntrbfav0\\'\"\n".indexOf(of);
      int digits = of == 'x' ? 2 : of == 'u' ? 4 : of == 'U' ? 8 : 0;
      if (digits > 0) {
        if (i + digits >= literal.length()) throw wrong("\\" + of + " is cut off");
        text.appendCodePoint(Integer.parseInt(literal.substring(i + 1, i + 1 + digits), 16));
        i += digits;
      } else if (simple < 0) text.append('\\').append(of);
      else if (of != '\n') text.append("\n\t\r\b\f\u0007\u000b\0\\'\"".charAt(simple));
    }
    return text.toString();
  }

  private UserError wrong(String what) {
    return new UserError(where + ":" + line + ": " + what);
  }
}
