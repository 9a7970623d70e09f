package dev.kindling.data.chat;

import dev.kindling.checkpoint.UserError;
import dev.kindling.data.chat.Token.Kind;
import java.util.List;

/** Goes through a template's tokens. */
final class TokenReader {
  private final List<Token> tokens;
  private final String where;
  private int at;

  TokenReader(List<Token> tokens, String where) {
    this.tokens = tokens;
    this.where = where;
  }

  Token peek() {
    return tokens.get(at);
  }

  Token next() {
    return tokens.get(at < tokens.size() - 1 ? at++ : at);
  }

  boolean is(Kind kind, String text) {
    return peek().is(kind, text);
  }

  boolean isNext(Kind kind, String text) {
    return at + 1 < tokens.size() && tokens.get(at + 1).is(kind, text);
  }

  /** Passes a token where it is this one. */
  boolean skip(Kind kind, String text) {
    boolean there = is(kind, text);
    if (there) next();
    return there;
  }

  boolean skipOperator(String text) {
    return skip(Kind.OPERATOR, text);
  }

  boolean skipName(String text) {
    return skip(Kind.NAME, text);
  }

  String name() {
    if (peek().kind() != Kind.NAME) throw wrong("found " + peek().shown() + " where a name must be");
    return next().text();
  }

  void expect(Kind kind, String text) {
    if (!skip(kind, text)) throw wrong("found " + peek().shown() + " where " + text + " must be");
  }

  UserError wrong(String what) {
    return new UserError(where + ":" + peek().line() + ": " + what);
  }
}
