package dev.kindling.data.job;

import dev.kindling.data.chat.ExampleEncoder;
import dev.kindling.data.tokenizer.TextFrame;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.data.tokenizer.WordFrame;
import java.io.Serializable;

/**
 * A document as token ids, and where it came from.
 *
 * @param ids its tokens, behind the one that begins a text if there is one, without end of text
 * @param learned of each token, whether it is to be learned; null: all
 * @param second where the second sequence of a pair begins; 0: there is only one
 * @param labels as {@link dev.kindling.data.pack.PackedRow#labels}
 * @param cut whether it had more tokens
 * @param characters UTF-16 code units of its text
 * @param bytes of its text in UTF-8
 * @param words runs of its text between white space
 */
record EncodedDocument(int[] ids, boolean[] learned, int second, double[] labels, boolean cut, String source,
    String file, long position,
    int characters, long bytes,
    long words) implements Serializable {
  static EncodedDocument of(CleanDocument document, Tokenizer tokenizer) {
    return of(document, document.text(), tokenizer.encodeDocument(document.text()), null, 0, null, false);
  }

  static EncodedDocument of(CleanDocument document, ExampleEncoder.Encoded encoded) {
    return of(document, encoded.text(), encoded.ids(), encoded.learned(), encoded.second(), null, encoded.cut());
  }

  static EncodedDocument of(CleanDocument document, String text, TextFrame.Framed framed, double[] labels) {
    return of(document, text, framed.ids(), null, framed.second(), labels, framed.cut());
  }

  /** @param text its words with a space between */
  static EncodedDocument of(CleanDocument document, String text, WordFrame.Framed framed, double[] labels) {
    return of(document, text, framed.ids(), null, 0, labels, framed.cut());
  }

  private static EncodedDocument of(CleanDocument document, String text, int[] ids, boolean[] learned,
      int second, double[] labels, boolean cut) {
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
    return new EncodedDocument(ids, learned, second, labels, cut, document.source(), document.file(),
        document.position(),
        text.length(),
        bytes, words);
  }
}
