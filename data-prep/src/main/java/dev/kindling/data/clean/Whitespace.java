package dev.kindling.data.clean;

/**
 * Layout that says nothing goes: runs of spaces and tabs of any kind become one space, three and more line ends become two (one
 * empty line), nothing stands before the first or behind the last word, lines neither begin nor end with spaces. Not for code or
 * tables, where indentation speaks.
 */
public final class Whitespace implements Rule {
  private static final long serialVersionUID = 1L;

  @Override
  public String name() {
    return "whitespace";
  }

  @Override
  public Outcome apply(String text) {
    StringBuilder out = new StringBuilder(text.length());
    int lineEnds = 0;
    boolean space = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);                       // no space of Unicode is a surrogate pair
      if (c == '\n') {
        lineEnds++;
      } else if (Characters.isSpace(c)) {
        space = true;
      } else {
        if (out.length() > 0) out.append(lineEnds == 0 ? space ? " " : "" : lineEnds == 1 ? "\n" : "\n\n");
        lineEnds = 0;
        space = false;
        out.append(c);
      }
    }
    return Outcome.keep(out.toString());
  }
}
