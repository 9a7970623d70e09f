package dev.kindling.data.tokenizer;

/** The whole text is one word. */
record WholeText() implements PreTokenizer {
  @Override
  public int wordEnd(byte[] text, int start, int end) {
    return end;
  }
}
