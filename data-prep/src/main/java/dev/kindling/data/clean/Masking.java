package dev.kindling.data.clean;

import java.util.Locale;

/**
 * Replaces every private thing of one {@link Kind} by a placeholder. The time is linear in the text, whatever stands in it.
 * Numbers are those of ASCII digits.
 *
 * @param kind what to look for
 */
public record Masking(Kind kind) implements Rule {
  /** What can be masked, in the order in which it should be: a card's number looks like a telephone's. */
  public enum Kind {
    /** {@code local@domain.tld}, of the unquoted characters of RFC 5322 (section 3.2.3). */
    EMAIL(EmailAddresses::next),
    /** 13 to 19 digits, alone or in groups, with an issuer's first digit and a right check digit (ISO/IEC 7812-1). */
    CARD(CardNumbers::next),
    /** Version 4 as four decimal numbers; version 6 (RFC 4291) of at least three groups with a digit. */
    IP(InternetAddresses::next),
    /** International with {@code +}, North American, or with the leading 0 of other countries. */
    PHONE(PhoneNumbers::next);

    private final Finder finder;

    Kind(Finder finder) {
      this.finder = finder;
    }

    String placeholder() {
      return "<" + name() + ">";
    }
  }

  @Override
  public String name() {
    return "mask." + kind.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public Outcome apply(String text) {
    Span found = kind.finder.next(text, 0);
    if (found == null) return Outcome.keep(text);
    StringBuilder out = new StringBuilder(text.length());
    int done = 0;
    for (; found != null; found = kind.finder.next(text, done)) {
      out.append(text, done, found.start()).append(kind.placeholder());
      done = found.end();
    }
    return Outcome.keep(out.append(text, done, text.length()).toString());
  }

  /** Where something stands in a text: {@code [start, end)}. */
  record Span(int start, int end) {}

  /** Looks for one kind of thing. */
  interface Finder {
    /** @return the first that begins at {@code from} or later, or null */
    Span next(String text, int from);
  }

  static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  static boolean isAsciiWord(char c) {
    return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
  }

  /** @return whether a letter or digit of any script stands at a place of the text */
  static boolean isWordAt(String text, int at) {
    if (at < 0 || at >= text.length()) return false;
    boolean second = Character.isLowSurrogate(text.charAt(at));
    return Characters.isLetterOrDigit(second ? text.codePointBefore(at + 1) : text.codePointAt(at));
  }
}
