package dev.kindling.data.clean;

import java.util.ArrayList;
import java.util.List;

/** What stands between spaces, and the lines of a text: the units that the rules of Gopher and C4 count. */
final class PlainWords {
  private PlainWords() {
  }

  static List<String> of(String text) {
    List<String> words = new ArrayList<>();
    int start = -1;
    for (int i = 0; i <= text.length(); i++) {
      boolean space = i == text.length() || Characters.isSpace(text.charAt(i));
      if (space && start >= 0) words.add(text.substring(start, i));
      if (space) start = -1;
      else if (start < 0) start = i;
    }
    return words;
  }

  /** Lines with something on them, without the spaces around. */
  static List<String> lines(String text) {
    return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
  }

  /** Lines between empty lines, without the spaces around. */
  static List<String> paragraphs(String text) {
    List<String> paragraphs = new ArrayList<>();
    StringBuilder open = new StringBuilder();
    for (String line : text.split("\n", -1)) {
      if (!line.isBlank()) {
        open.append(open.isEmpty() ? "" : "\n").append(line.strip());
      } else if (!open.isEmpty()) {
        paragraphs.add(open.toString());
        open.setLength(0);
      }
    }
    if (!open.isEmpty()) paragraphs.add(open.toString());
    return paragraphs;
  }
}
