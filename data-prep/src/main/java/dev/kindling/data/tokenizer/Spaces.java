package dev.kindling.data.tokenizer;

/** White space, for which all expressions have alternatives that look at what follows. */
final class Spaces {
  private Spaces() {
  }

  /**
   * {@code \s+(?!\S)|\s+}: the last of several leaves the word to what follows the run.
   *
   * @param runEnd where the run of white space that starts at {@code start} ends; @param end of the text
   */
  static int wordEnd(byte[] text, int start, int runEnd, int end) {
    if (runEnd == end) return end;
    int last = runEnd - 1;
    while (isContinuation(text[last])) last--;
    return last > start ? last : runEnd;
  }

  /**
   * {@code \s*[\r\n]+|\s+(?!\S)|\s+}: up to the last line end of the run, if it has one; {@code \s*} is greedy and gives back
   * no more than it must.
   */
  static int lineEnd(byte[] text, int start, int runEnd, int end) {
    for (int i = runEnd - 1; i >= start; i--) if (isLineEnd(text[i])) return i + 1;
    return wordEnd(text, start, runEnd, end);
  }

  /** {@code [\r\n]*} */
  static int lineEnds(byte[] text, int start, int end) {
    int i = start;
    while (i < end && isLineEnd(text[i])) i++;
    return i;
  }

  static boolean isLineEnd(byte b) {
    return b == '\n' || b == '\r';
  }

  private static boolean isContinuation(byte b) {
    return (b & 0xC0) == 0x80;
  }
}
