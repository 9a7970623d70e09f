package dev.kindling.data.job;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.tokenizer.BpeTrainer;

/**
 * What {@link TokenizerJob} is to do.
 *
 * @param corpus what to read, all of it
 * @param output folder of the tokenizer; empty or missing
 * @param vocabularySize the exact number of ids
 */
public record TokenizerOptions(CorpusSource corpus, String output, int vocabularySize) {
  public TokenizerOptions {
    require(!output.isBlank(), "output", "'" + output + "'", "a folder");
    require(vocabularySize >= BpeTrainer.SMALLEST && vocabularySize <= 1 << 20, "vocabularySize", vocabularySize,
        BpeTrainer.SMALLEST + " to 1048576: 256 bytes, the end of a text, and merges");
  }
}
