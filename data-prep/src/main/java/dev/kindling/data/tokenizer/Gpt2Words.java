package dev.kindling.data.tokenizer;

import static dev.kindling.data.tokenizer.CharacterClasses.LETTER;
import static dev.kindling.data.tokenizer.CharacterClasses.MARK;
import static dev.kindling.data.tokenizer.CharacterClasses.NUMBER;
import static dev.kindling.data.tokenizer.CharacterClasses.OTHER;
import static dev.kindling.data.tokenizer.CharacterClasses.SPACE;

/**
 * The words of GPT-2 (Radford et al. 2019):
 *
 * <pre>
 *   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 * </pre>
 */
record Gpt2Words() implements PreTokenizer {
  @Override
  public int wordEnd(byte[] text, int start, int end) {
    if (text[start] == '\'') {
      int contraction = contractionLength(text, start, end);
      if (contraction > 0) return start + contraction;
    }
    int body = start;
    byte kind = CharacterClasses.at(text, start);
    if (text[start] == ' ' && start + 1 < end) {
      // " ?": one space goes with what follows, unless that is white space itself
      byte next = CharacterClasses.at(text, start + 1);
      if (next != SPACE) {
        body = start + 1;
        kind = next;
      }
    }
    if (kind == SPACE) return Spaces.wordEnd(text, start, CharacterClasses.runEnd(text, start, end, SPACE), end);
    int alike = (kind & LETTER) != 0 ? LETTER : kind == NUMBER ? NUMBER : OTHER | MARK;
    return CharacterClasses.runEnd(text, body, end, alike);
  }

  /** Lower case only. */
  private static int contractionLength(byte[] text, int start, int end) {
    if (start + 1 >= end) return 0;
    byte second = text[start + 1];
    if (second == 's' || second == 't' || second == 'm' || second == 'd') return 2;
    if (start + 2 >= end) return 0;
    byte third = text[start + 2];
    boolean three = (second == 'r' || second == 'v') && third == 'e' || second == 'l' && third == 'l';
    return three ? 3 : 0;
  }
}
