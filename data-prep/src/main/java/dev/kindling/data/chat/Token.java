package dev.kindling.data.chat;

/**
 * A piece of a template.
 *
 * @param text of a name or an operator; the value of a string, without quotes and escapes; the text between blocks
 * @param line counted from 1
 */
record Token(Kind kind, String text, int line) {
  enum Kind {
    TEXT, EXPRESSION_BEGIN, EXPRESSION_END, BLOCK_BEGIN, BLOCK_END, NAME, STRING, INTEGER, FLOAT, OPERATOR, END
  }

  boolean is(Kind of, String said) {
    return kind == of && text.equals(said);
  }

  /** As a message names it. */
  String shown() {
    return kind == Kind.END ? "the end of the template" : kind == Kind.STRING ? "'" + text + "'" : text;
  }
}
