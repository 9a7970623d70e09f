package dev.kindling.data.clean;

import java.util.Locale;

/**
 * What a {@link Rule} makes of a text.
 *
 * @param text what the document says now; where it is dropped, what it said before
 * @param dropped null while the document is kept, else {@code RULE: reason}
 */
public record Outcome(String text, String dropped) {
  public static Outcome keep(String text) {
    return new Outcome(text, null);
  }

  /** @param reason a format of {@link String#format}, for a person, with the numbers that decided */
  public static Outcome drop(String text, String rule, String reason, Object... values) {
    return new Outcome(text, rule + ": " + String.format(Locale.ROOT, reason, values));
  }

  public boolean isKept() {
    return dropped == null;
  }
}
