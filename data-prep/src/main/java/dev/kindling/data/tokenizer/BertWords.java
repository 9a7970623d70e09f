package dev.kindling.data.tokenizer;

import java.io.Serializable;
import java.util.function.Consumer;

/**
 * The words that BERT cuts a text into (Devlin et al. 2019; BertNormalizer and BertPreTokenizer of Hugging Face tokenizers): control
 * characters go, white space parts words and is gone, punctuation and Chinese characters are words of their own.
 *
 * @param lowercase whether capitals become small letters and accents (nonspacing marks of normal form D) go, as in BERT's uncased models
 */
record BertWords(boolean lowercase) implements Serializable {
  /** Gives out the words of a text in their order. */
  void forEachWord(String text, Consumer<String> words) {
    StringBuilder word = new StringBuilder();
    for (int i = 0; i < text.length();) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      switch (BertCharacters.of(c)) {
        case BertCharacters.DROPPED -> {
        }
        case BertCharacters.SPACE -> end(word, words);
        case BertCharacters.IDEOGRAPH -> {
          end(word, words);
          add(c, word, words);
          end(word, words);
        }
        default -> add(c, word, words);
      }
    }
    end(word, words);
  }

  private void add(int codePoint, StringBuilder word, Consumer<String> words) {
    int[] plain = lowercase ? BertCharacters.plain(codePoint) : null;
    if (plain == null) {
      addPlain(codePoint, word, words);
    } else {
      for (int c : plain) addPlain(c, word, words);
    }
  }

  private static void addPlain(int codePoint, StringBuilder word, Consumer<String> words) {
    if (BertCharacters.of(codePoint) != BertCharacters.PUNCTUATION) {
      word.appendCodePoint(codePoint);
      return;
    }
    end(word, words);
    word.appendCodePoint(codePoint);
    end(word, words);
  }

  private static void end(StringBuilder word, Consumer<String> words) {
    if (word.length() == 0) return;
    words.accept(word.toString());
    word.setLength(0);
  }
}
