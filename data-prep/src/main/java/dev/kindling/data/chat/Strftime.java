package dev.kindling.data.chat;

import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** A time as C's {@code strftime} writes it, in English; those of its directives that templates use. */
final class Strftime {
  private Strftime() {
  }

  static String format(LocalDateTime time, String format) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%') {
        out.append(c);
        continue;
      }
      if (++i == format.length()) throw new ChatException("strftime_now: a % stands at the end of '" + format + "'");
      boolean plain = format.charAt(i) == '-' && i + 1 < format.length();
      if (plain) i++;
      String said = directive(time, format.charAt(i));
      out.append(plain && said.length() > 1 && said.startsWith("0") ? said.substring(1) : said);
    }
    return out.toString();
  }

  private static String directive(LocalDateTime time, char of) {
    return switch (of) {
      case 'Y' -> as("yyyy", time);
      case 'y' -> as("yy", time);
      case 'm' -> as("MM", time);
      case 'd' -> as("dd", time);
      case 'e' -> String.format("%2d", time.getDayOfMonth());
      case 'B' -> as("MMMM", time);
      case 'b', 'h' -> as("MMM", time);
      case 'A' -> as("EEEE", time);
      case 'a' -> as("EEE", time);
      case 'H' -> as("HH", time);
      case 'I' -> as("hh", time);
      case 'M' -> as("mm", time);
      case 'S' -> as("ss", time);
      case 'p' -> time.getHour() < 12 ? "AM" : "PM";
      case 'j' -> as("DDD", time);
      case 'f' -> as("SSSSSS", time);
      case 'F' -> as("yyyy-MM-dd", time);
      case 'T' -> as("HH:mm:ss", time);
      case '%' -> "%";
      default -> throw new ChatException("strftime_now: %" + of + " is not known here");
    };
  }

  private static String as(String pattern, LocalDateTime time) {
    return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(time);
  }
}
