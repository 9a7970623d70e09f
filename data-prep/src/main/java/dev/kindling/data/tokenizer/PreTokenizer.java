package dev.kindling.data.tokenizer;

/**
 * Cuts text into the words that byte pairs are merged within, as GPT-2's expression does,
 *
 * <pre>
 *   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * </pre>
 *
 * in one pass without an expression engine. The words cover the text without gaps. Well-formed UTF-16 only.
 */
public final class PreTokenizer {
  private PreTokenizer() {
  }

  /**
   * Where the word that starts at {@code start} ends.
   *
   * @param end the end of the text that is looked at; nothing behind it is seen
   * @return an index in (start, end]
   */
  public static int wordEnd(String text, int start, int end) {
    char first = text.charAt(start);
    if (first == '\'') {
      int contraction = contractionLength(text, start, end);
      if (contraction > 0) return start + contraction;
    }
    int body = start;
    if (first == ' ' && start + 1 < end) {
      // " ?": one space goes with what follows, unless that is white space itself
      byte next = CharacterClasses.of(text.codePointAt(start + 1));
      if (next != CharacterClasses.SPACE) body = start + 1;
    }
    byte kind = CharacterClasses.of(text.codePointAt(body));
    int runEnd = runEnd(text, body, end, kind);
    if (kind != CharacterClasses.SPACE || runEnd == end) return runEnd;
    // \s+(?!\S) leaves the last white space of a run to the word behind it; a run of one falls to \s+
    return runEnd - start > 1 ? runEnd - 1 : runEnd;
  }

  private static int runEnd(String text, int start, int end, byte kind) {
    int i = start;
    while (i < end) {
      char c = text.charAt(i);
      int codePoint = Character.isHighSurrogate(c) ? text.codePointAt(i) : c;
      if (CharacterClasses.of(codePoint) != kind) break;
      i += Character.charCount(codePoint);
    }
    return i;
  }

  private static int contractionLength(String text, int start, int end) {
    if (start + 1 >= end) return 0;
    char second = text.charAt(start + 1);
    if (second == 's' || second == 't' || second == 'm' || second == 'd') return 2;
    if (start + 2 >= end) return 0;
    char third = text.charAt(start + 2);
    boolean three = (second == 'r' || second == 'v') && third == 'e' || second == 'l' && third == 'l';
    return three ? 3 : 0;
  }
}
