package dev.kindling.data.job;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.tokenizer.TokenizerKind;

/**
 * What {@link TokenizerJob} is to do.
 *
 * @param corpus what to read, all of it
 * @param output folder of the tokenizer; empty or missing
 * @param kind what is trained
 * @param vocabularySize the exact number of ids
 */
public record TokenizerOptions(CorpusSource corpus, String output, TokenizerKind kind,
    int vocabularySize) {
  public TokenizerOptions {
    require(!output.isBlank(), "output", "'" + output + "'", "a folder");
    require(vocabularySize >= kind.smallest() && vocabularySize <= 1 << 20, "vocabularySize", vocabularySize,
        kind.smallest() + " to 1048576");
  }

  /** A byte-level one. */
  public TokenizerOptions(CorpusSource corpus, String output, int vocabularySize) {
    this(corpus, output, TokenizerKind.BYTE_LEVEL, vocabularySize);
  }

  /** What decides about the tokenizer besides the corpus. */
  String size() {
    return kind == TokenizerKind.BYTE_LEVEL ? String.valueOf(vocabularySize) : kind + " " + vocabularySize;
  }
}
