package dev.kindling.data.tokenizer;

import static dev.kindling.data.tokenizer.CharacterClasses.LETTER;
import static dev.kindling.data.tokenizer.CharacterClasses.MARK;
import static dev.kindling.data.tokenizer.CharacterClasses.NUMBER;
import static dev.kindling.data.tokenizer.CharacterClasses.OTHER;
import static dev.kindling.data.tokenizer.CharacterClasses.SPACE;

/**
 * The words of GPT-4 (cl100k_base) and of Llama 3, which has its expression of before 2024:
 *
 * <pre>
 *   (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
 * </pre>
 *
 * Qwen's is that with {@code \p{N}} alone; OpenAI's own has {@code \s+$} before {@code \s*[\r\n]+} today.
 *
 * @param digits how many are a word at most
 * @param wholeEnd whether the white space that ends the text is one word, line ends or not
 */
record Cl100kWords(int digits, boolean wholeEnd) implements PreTokenizer {
  @Override
  public int wordEnd(byte[] text, int start, int end) {
    byte first = text[start];
    byte kind = CharacterClasses.at(text, start);
    if ((kind & LETTER) != 0) return CharacterClasses.runEnd(text, start, end, LETTER);
    if (kind == NUMBER) return digitsEnd(text, start, end, digits);
    if (first == '\'') {
      int contraction = Contractions.end(text, start, end);
      if (contraction > start) return contraction;
    }
    int second = start + CharacterClasses.width(first);
    byte next = second < end ? CharacterClasses.at(text, second) : 0;
    if ((next & LETTER) != 0 && !Spaces.isLineEnd(first)) return CharacterClasses.runEnd(text, second, end, LETTER);
    if (kind != SPACE) return symbolsEnd(text, start, end);
    if (first == ' ' && (next & (OTHER | MARK)) != 0) return symbolsEnd(text, second, end);
    int runEnd = CharacterClasses.runEnd(text, start, end, SPACE);
    return wholeEnd && runEnd == end ? end : Spaces.lineEnd(text, start, runEnd, end);
  }

  private static int symbolsEnd(byte[] text, int start, int end) {
    return Spaces.lineEnds(text, CharacterClasses.runEnd(text, start, end, OTHER | MARK), end);
  }

  /** {@code \p{N}{1,most}} */
  static int digitsEnd(byte[] text, int start, int end, int most) {
    int i = start;
    for (int k = 0; k < most && i < end && CharacterClasses.at(text, i) == NUMBER; k++)
      i += CharacterClasses.width(text[i]);
    return i;
  }
}
