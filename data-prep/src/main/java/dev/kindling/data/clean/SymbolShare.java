package dev.kindling.data.clean;

import static dev.kindling.checkpoint.UserError.require;

/**
 * Drops what is mostly no writing, such as drawings of characters and tables of numbers' separators.
 *
 * @param most of the characters that are no spaces may be neither letter, digit nor mark, as a fraction
 */
public record SymbolShare(double most) implements Rule {
  public SymbolShare { require(most >= 0 && most <= 1, "maxSymbols", most, "a fraction from 0 to 1"); }

  @Override
  public String name() {
    return "symbols";
  }

  @Override
  public Outcome apply(String text) {
    int symbols = 0;
    int all = 0;
    for (int i = 0; i < text.length();) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (Characters.isSpace(c)) continue;
      all++;
      if (!Characters.isLetterOrDigit(c) && !Characters.isMark(c)) symbols++;
    }
    double share = all == 0 ? 0 : (double) symbols / all;
    return share <= most
        ? Outcome.keep(text)
        : Outcome.drop(text, name(), "%.3f of the characters are symbols, more than %s", share, most);
  }
}
