package dev.kindling.data.dedup;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The paragraphs of a text: what stands between empty lines. */
public final class Paragraphs {
  private Paragraphs() {
  }

  /** @return each with the line ends inside it, without those around */
  public static List<String> of(String text) {
    List<String> paragraphs = new ArrayList<>();
    int start = -1;
    int end = 0;
    for (int at = 0; at < text.length();) {
      int lineEnd = text.indexOf('\n', at);
      if (lineEnd < 0) lineEnd = text.length();
      boolean blank = isBlank(text, at, lineEnd);
      if (blank && start >= 0) paragraphs.add(text.substring(start, end));
      if (blank) start = -1;
      else if (start < 0) start = at;
      end = lineEnd;
      at = lineEnd + 1;
    }
    if (start >= 0) paragraphs.add(text.substring(start, end));
    return paragraphs;
  }

  /** @return the text without some of its paragraphs, one empty line between the others; unchanged where none goes */
  public static String without(String text, Predicate<String> unwanted) {
    List<String> paragraphs = of(text);
    List<String> kept = paragraphs.stream().filter(unwanted.negate()).toList();
    return kept.size() == paragraphs.size() ? text : String.join("\n\n", kept);
  }

  private static boolean isBlank(String text, int from, int to) {
    for (int i = from; i < to; i++) { if (!Character.isWhitespace(text.charAt(i))) return false; }
    return true;
  }
}
