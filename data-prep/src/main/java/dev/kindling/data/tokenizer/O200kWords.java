package dev.kindling.data.tokenizer;

import static dev.kindling.data.tokenizer.CharacterClasses.CASELESS;
import static dev.kindling.data.tokenizer.CharacterClasses.LETTER;
import static dev.kindling.data.tokenizer.CharacterClasses.LOWER;
import static dev.kindling.data.tokenizer.CharacterClasses.MARK;
import static dev.kindling.data.tokenizer.CharacterClasses.NUMBER;
import static dev.kindling.data.tokenizer.CharacterClasses.OTHER;
import static dev.kindling.data.tokenizer.CharacterClasses.SPACE;
import static dev.kindling.data.tokenizer.CharacterClasses.UPPER;

/**
 * The words of GPT-4o (o200k_base), with {@code U} for {@code [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]}, {@code L} for
 * {@code [\p{Ll}\p{Lm}\p{Lo}\p{M}]} and {@code C} for {@code (?i:'s|'t|'re|'ve|'m|'ll|'d)}:
 *
 * <pre>
 *   [^\r\n\p{L}\p{N}]?U*L+C?|[^\r\n\p{L}\p{N}]?U+L*C?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
 * </pre>
 */
record O200kWords() implements PreTokenizer {
  private static final int UPPERS = UPPER | CASELESS | MARK;
  private static final int LOWERS = LOWER | CASELESS | MARK;

  @Override
  public int wordEnd(byte[] text, int start, int end) {
    byte first = text[start];
    byte kind = CharacterClasses.at(text, start);
    if (kind == NUMBER) return Cl100kWords.digitsEnd(text, start, end, 3);
    int cased = casedEnd(text, start, end, first, kind);
    if (cased > start) return Contractions.end(text, cased, end);
    if (kind != SPACE) return symbolsEnd(text, start, end);
    if (first == ' ' && start + 1 < end && (CharacterClasses.at(text, start + 1) & (OTHER | MARK)) != 0)
      return symbolsEnd(text, start + 1, end);
    return Spaces.lineEnd(text, start, CharacterClasses.runEnd(text, start, end, SPACE), end);
  }

  /**
   * The first two alternatives, each first with the optional character before the letters and then without. A mark can be
   * that character, and can be among the letters.
   */
  private static int casedEnd(byte[] text, int start, int end, byte first, byte kind) {
    boolean skips = (kind & LETTER) == 0 && !Spaces.isLineEnd(first);
    boolean stays = (kind & (LETTER | MARK)) != 0;
    int second = start + CharacterClasses.width(first);
    if (skips) {
      int withLower = withLower(text, second, end);
      if (withLower > second) return withLower;
    }
    if (stays) {
      int withLower = withLower(text, start, end);
      if (withLower > start) return withLower;
    }
    if (skips) {
      int upper = CharacterClasses.runEnd(text, second, end, UPPERS);
      if (upper > second) return upper;
    }
    return stays ? CharacterClasses.runEnd(text, start, end, UPPERS) : start;
  }

  /**
   * {@code U*L+}. Where the run of {@code U} ends before a lower-case letter, that and what follows are the {@code L+}. If not,
   * {@code U*} gives back characters until {@code L+} has one: the last of the run that is of both classes ends the word.
   *
   * @return the end, or {@code start} where there is none
   */
  private static int withLower(byte[] text, int start, int end) {
    int behindBoth = start;
    int i = start;
    while (i < end) {
      byte kind = CharacterClasses.at(text, i);
      if (kind == LOWER) return CharacterClasses.runEnd(text, i, end, LOWERS);
      if ((kind & UPPERS) == 0) break;
      i += CharacterClasses.width(text[i]);
      if (kind != UPPER) behindBoth = i;
    }
    return behindBoth;
  }

  /** {@code [^\s\p{L}\p{N}]+[\r\n/]*} */
  private static int symbolsEnd(byte[] text, int start, int end) {
    int i = CharacterClasses.runEnd(text, start, end, OTHER | MARK);
    while (i < end && (Spaces.isLineEnd(text[i]) || text[i] == '/')) i++;
    return i;
  }
}
