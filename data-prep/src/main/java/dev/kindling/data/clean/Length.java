package dev.kindling.data.clean;

import static dev.kindling.checkpoint.UserError.require;

/**
 * Drops what is shorter or longer than a text of the corpus should be.
 *
 * @param fewest characters (code points) that a document must have
 * @param most that it may have
 */
public record Length(long fewest, long most) implements Rule {
  public Length {
    require(fewest >= 0, "minCharacters", fewest, "at least 0");
    require(most >= fewest, "maxCharacters", most, "at least minCharacters, " + fewest);
  }

  @Override
  public String name() {
    return "length";
  }

  @Override
  public Outcome apply(String text) {
    int length = text.codePointCount(0, text.length());
    if (length < fewest) return Outcome.drop(text, name(), "%d characters, fewer than %d", length, fewest);
    if (length > most) return Outcome.drop(text, name(), "%d characters, more than %d", length, most);
    return Outcome.keep(text);
  }
}
