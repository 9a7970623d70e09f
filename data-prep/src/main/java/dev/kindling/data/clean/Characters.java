package dev.kindling.data.clean;

/**
 * Classes of characters that are the same on every JDK: those of Unicode 13.0, which JDK 17 knows; what came later belongs to none.
 */
final class Characters {
  private Characters() {
  }

  static boolean isLetter(int codePoint) {
    return Character.isLetter(codePoint) && !Normalizer.isLater(codePoint);
  }

  static boolean isLetterOrDigit(int codePoint) {
    return Character.isLetterOrDigit(codePoint) && !Normalizer.isLater(codePoint);
  }

  /** Marks belong to the letter before them. */
  static boolean isMark(int codePoint) {
    int type = Character.getType(codePoint);
    boolean mark = type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK
        || type == Character.ENCLOSING_MARK;
    return mark && !Normalizer.isLater(codePoint);
  }

  /** All of Unicode's spaces and line ends, the non-breaking ones too, and tabs. */
  static boolean isSpace(int codePoint) {
    if (codePoint < 0x80) return codePoint == ' ' || codePoint >= '\t' && codePoint <= '\r';
    return codePoint == 0x85 || Character.isSpaceChar(codePoint);
  }

  /** Scripts that are written without spaces between words: there a character is a word. */
  static boolean standsAlone(int codePoint) {
    if (codePoint < 0x0E00) return false;
    Character.UnicodeScript script = Character.UnicodeScript.of(codePoint);
    return switch (script) {
      case HAN, HIRAGANA, KATAKANA, THAI, LAO, KHMER, MYANMAR, TIBETAN -> true;
      default -> false;
    };
  }
}
