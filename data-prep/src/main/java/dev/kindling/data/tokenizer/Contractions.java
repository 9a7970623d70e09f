package dev.kindling.data.tokenizer;

/**
 * {@code (?i:'s|'t|'re|'ve|'m|'ll|'d)}. In any case means with Unicode's simple case folding, as Hugging Face's and OpenAI's
 * engines have it: the long s, U+017F, is an s too; none of the other letters has a third form.
 */
final class Contractions {
  private Contractions() {
  }

  /** @return the end of the contraction that starts at the index, or the index where none does */
  static int end(byte[] text, int start, int end) {
    if (start + 1 >= end || text[start] != '\'') return start;
    int second = text[start + 1] | 0x20;
    if (second == 's' || second == 't' || second == 'm' || second == 'd') return start + 2;
    if (start + 2 >= end) return start;
    if (text[start + 1] == (byte) 0xC5 && text[start + 2] == (byte) 0xBF) return start + 3;
    int third = text[start + 2] | 0x20;
    boolean three = (second == 'r' || second == 'v') && third == 'e' || second == 'l' && third == 'l';
    return three ? start + 3 : start;
  }
}
