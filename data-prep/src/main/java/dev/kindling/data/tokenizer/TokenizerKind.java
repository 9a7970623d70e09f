package dev.kindling.data.tokenizer;

import java.util.Collection;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** The kinds of tokenizers that can be trained. */
public enum TokenizerKind {
  /** GPT-2's: byte pairs; any text, and back to the same text. */
  BYTE_LEVEL,
  /** BERT's, without capitals and accents. */
  WORDPIECE,
  /** BERT's, with them. */
  WORDPIECE_CASED,
  /** T5's. */
  UNIGRAM;

  /** Gives out the words of a text that this kind is trained on. */
  public void forEachWord(String text, Consumer<String> words) {
    switch (this) {
      case BYTE_LEVEL -> WordPattern.GPT2.words().forEachWord(text, words);
      case WORDPIECE, WORDPIECE_CASED -> new BertWords(this == WORDPIECE).forEachWord(text, words);
      case UNIGRAM -> UnigramWords.forEachWord(text, words);
    }
  }

  /** The fewest ids that can be asked for. */
  public int smallest() {
    return switch (this) {
      case BYTE_LEVEL -> BpeTrainer.SMALLEST;
      case WORDPIECE, WORDPIECE_CASED -> WordPieceTrainer.SMALLEST;
      case UNIGRAM -> UnigramTrainer.SMALLEST;
    };
  }

  /** @param words of {@link #forEachWord}, counted; the rest as in {@link BpeTrainer#train} */
  public Tokenizer train(Collection<CountedWord> words, int vocabularySize, IntConsumer progress) {
    return switch (this) {
      case BYTE_LEVEL -> BpeTrainer.train(words, vocabularySize, progress);
      case WORDPIECE, WORDPIECE_CASED -> WordPieceTrainer.train(words, this == WORDPIECE, vocabularySize, progress);
      case UNIGRAM -> UnigramTrainer.train(words, vocabularySize, progress);
    };
  }

  /** As users write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
