package dev.kindling.data.clean;

import dev.kindling.data.clean.Masking.Span;

/** Addresses of Internet hosts, versions 4 and 6. A version number of four parts looks the same and is masked too. */
final class InternetAddresses {
  private static final int LONGEST = 45;             // of version 6 with version 4 at its end

  private InternetAddresses() {
  }

  static Span next(String text, int from) {
    for (int i = from; i < text.length();) {
      if (!isPart(text.charAt(i))) {
        i++;
        continue;
      }
      int end = i;
      boolean colon = false;
      boolean dot = false;
      while (end < text.length() && isPart(text.charAt(end))) {
        colon |= text.charAt(end) == ':';
        dot |= text.charAt(end) == '.';
        end++;
      }
      boolean whole = !Masking.isWordAt(text, i - 1) && !Masking.isWordAt(text, end);
      int start = i;
      i = end;
      if (!whole || !colon && !dot) continue;
      int stop = end;
      while (stop > start && text.charAt(stop - 1) == '.') stop--;         // of the sentence
      if (stop - start <= LONGEST && isAddress(text.substring(start, stop))) return new Span(start, stop);
      int port = colon ? text.lastIndexOf(':', stop - 1) : -1;            // 10.0.0.1:8080
      if (port > start && isVersion4(text.substring(start, port))) return new Span(start, port);
    }
    return null;
  }

  private static boolean isPart(char c) {
    return Masking.isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == ':' || c == '.';
  }

  private static boolean isAddress(String text) {
    return text.indexOf(':') >= 0 ? isVersion6(text) : isVersion4(text);
  }

  static boolean isVersion4(String text) {
    if (text.length() > 15) return false;
    String[] parts = text.split("\\.", -1);
    if (parts.length != 4) return false;
    for (String part : parts) {
      if (part.isEmpty() || part.length() > 3 || !part.chars().allMatch(c -> Masking.isDigit((char) c))) return false;
      if (part.length() > 1 && part.charAt(0) == '0' || Integer.parseInt(part) > 255) return false;
    }
    return true;
  }

  /** Eight groups, or fewer with one {@code ::}; the last two may be an address of version 4. {@code a::b} is C++ more often. */
  static boolean isVersion6(String text) {
    int gap = text.indexOf("::");
    if (gap >= 0 && text.indexOf("::", gap + 1) >= 0) return false;
    if (gap < 0) return groups(text) == 8 && hasDigit(text);
    int before = groups(text.substring(0, gap));
    int behind = groups(text.substring(gap + 2));
    int all = before + behind;
    return before >= 0 && behind >= 0 && all >= 3 && all <= 7 && hasDigit(text);
  }

  private static int groups(String text) {
    if (text.isEmpty()) return 0;
    String[] parts = text.split(":", -1);
    int groups = 0;
    for (int i = 0; i < parts.length; i++) {
      boolean last = i == parts.length - 1;
      if (last && parts[i].indexOf('.') >= 0 && isVersion4(parts[i])) groups += 2;
      else if (parts[i].isEmpty() || parts[i].length() > 4 || parts[i].indexOf('.') >= 0) return -1;
      else groups++;
    }
    return groups;
  }

  private static boolean hasDigit(String text) {
    return text.chars().anyMatch(c -> Masking.isDigit((char) c));
  }
}
