package dev.kindling.data.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Cuts text into the words that byte pairs are merged within, as a published regular expression does, in one pass and without
 * an expression engine. The words cover the text without gaps. Texts are well-formed UTF-8.
 */
public sealed interface PreTokenizer permits Gpt2Words, Cl100kWords, O200kWords, WholeText {
  /**
   * Where the word that starts at {@code start} ends.
   *
   * @param end the end of the text that is looked at; nothing behind it is seen
   * @return an index in (start, end]
   */
  int wordEnd(byte[] text, int start, int end);

  /** Gives out the words of a text in their order. */
  default void forEachWord(String text, Consumer<String> words) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < utf8.length;) {
      int end = wordEnd(utf8, i, utf8.length);
      words.accept(new String(utf8, i, end - i, StandardCharsets.UTF_8));
      i = end;
    }
  }
}
