package dev.kindling.data.job;

import dev.kindling.data.tokenizer.Tokenizer;
import java.io.Serializable;

/**
 * A document as token ids, and where it came from.
 *
 * @param ids its tokens, without end of text
 * @param characters UTF-16 code units of its text
 * @param bytes of its text in UTF-8
 * @param words runs of its text between white space
 */
record EncodedDocument(int[] ids, String source, String file, long position, int characters, long bytes,
    long words) implements Serializable {
  static EncodedDocument of(Documents.CleanDocument document, Tokenizer tokenizer) {
    String text = document.text();
    long bytes = 0;
    long words = 0;
    boolean inWord = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      // A surrogate is half of four bytes.
      bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
      boolean letter = !Character.isWhitespace(c);
      if (letter && !inWord) words++;
      inWord = letter;
    }
    return new EncodedDocument(tokenizer.encodeOrdinary(text), document.source(), document.file(), document.position(),
        text.length(), bytes, words);
  }
}
