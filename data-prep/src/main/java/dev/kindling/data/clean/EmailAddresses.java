package dev.kindling.data.clean;

import dev.kindling.data.clean.Masking.Span;

/** E-mail addresses: an {@code @} with a local part of at most 64 characters before it and a domain with a dot behind it. */
final class EmailAddresses {
  private static final int LONGEST_LOCAL = 64;           // RFC 5321, section 4.5.3.1.1
  private static final int LONGEST_DOMAIN = 255;         // section 4.5.3.1.2
  private static final String LOCAL = "!#$%&'*+-/=?^_`{|}~.";

  private EmailAddresses() {
  }

  static Span next(String text, int from) {
    for (int at = text.indexOf('@', from); at >= 0; at = text.indexOf('@', at + 1)) {
      int start = start(text, from, at);
      int end = end(text, at + 1);
      if (start < at && end > 0) return new Span(start, end);
    }
    return null;
  }

  private static int start(String text, int from, int at) {
    int start = at;
    while (start > from && at - start < LONGEST_LOCAL && isLocal(text.charAt(start - 1))) start--;
    while (start < at && !Masking.isAsciiWord(text.charAt(start))) start++;    // quotes and dots around the address
    return text.charAt(at - (at > start ? 1 : 0)) == '.' ? at : start;
  }

  /** @return behind the domain, or 0 where there is none */
  private static int end(String text, int from) {
    int label = from;
    int end = 0;
    for (int i = from; i <= text.length() && i - from <= LONGEST_DOMAIN; i++) {
      char c = i < text.length() ? text.charAt(i) : ' ';
      if (Masking.isAsciiWord(c)) continue;
      if (label > from && i - label >= 2 && isAlphabetic(text, label, i)) end = i;
      if (c == '-' && i > label) continue;
      if (c != '.' || i == label) break;
      label = i + 1;
    }
    return end;
  }

  private static boolean isAlphabetic(String text, int from, int to) {
    return text.substring(from, to).chars().noneMatch(c -> Masking.isDigit((char) c) || c == '-');
  }

  private static boolean isLocal(char c) {
    return Masking.isAsciiWord(c) || LOCAL.indexOf(c) >= 0;
  }
}
