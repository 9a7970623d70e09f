package dev.kindling.data.tokenizer;

import dev.kindling.data.clean.Normalizer;
import java.util.function.Consumer;

/**
 * The words that T5 cuts a text into, as sentencepiece and the Nmt, NFKC and Metaspace steps of Hugging Face tokenizers do: control
 * characters go, other spaces and line ends become spaces, compatible characters become one, and each word begins with U+2581 in
 * the place of the space before it.
 */
final class UnigramWords {
  /** What stands for a space. */
  static final char SPACE = '\u2581';

  private UnigramWords() {
  }

  /** @return the text with one space between words and none around them */
  static String normalized(String text) {
    StringBuilder cleaned = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!isDropped(c)) cleaned.append(isSpace(c) ? ' ' : c);
    }
    String composed = Normalizer.compatible(cleaned.toString());
    StringBuilder spaced = new StringBuilder(composed.length());
    for (int i = 0; i < composed.length(); i++) {
      char c = composed.charAt(i);
      boolean second = c == ' ' && spaced.length() > 0 && spaced.charAt(spaced.length() - 1) == ' ';
      if (!second) spaced.append(c);
    }
    int from = 0;
    int to = spaced.length();
    while (from < to && CharacterClasses.of(spaced.charAt(from)) == CharacterClasses.SPACE) from++;
    while (from < to && CharacterClasses.of(spaced.charAt(to - 1)) == CharacterClasses.SPACE) to--;
    return spaced.substring(from, to);
  }

  private static boolean isDropped(char c) {
    return c >= 1 && c <= 8 || c == 0xB || c >= 0xE && c <= 0x1F || c == 0x7F || c == 0x8F || c == 0x9F;
  }

  private static boolean isSpace(char c) {
    return switch (c) {
      case '\t', '\n', '\f', '\r', 0x1680, 0x2028, 0x2029, SPACE, 0xFEFF, 0xFFFD -> true;
      default -> c >= 0x200B && c <= 0x200F;
    };
  }

  /** Gives out the words of a text in their order. */
  static void forEachWord(String text, Consumer<String> words) {
    String normalized = normalized(text);
    for (int start = 0; start < normalized.length();) {
      int space = normalized.indexOf(' ', start);
      int end = space < 0 ? normalized.length() : space;
      words.accept(SPACE + normalized.substring(start, end));
      start = end + 1;
    }
  }
}
