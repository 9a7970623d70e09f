package dev.kindling.jobs.command;

import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.job.TokenizerOptions;
import dev.kindling.data.tokenizer.TokenizerKind;
import java.util.List;

/** What {@code kindling tokenizer train} is to do; {@link TokenizerOptions} says what each setting means. */
record TokenizerSettings(List<String> input, CorpusFormat format, String textField, String output, TokenizerKind kind,
    int vocabularySize) {
  static TokenizerSettings defaults() {
    return new TokenizerSettings(null, CorpusFormat.JSONL, "text", null, TokenizerKind.BYTE_LEVEL, 16_384);
  }

  TokenizerOptions options() {
    return new TokenizerOptions(new CorpusSource(input, format, textField, "id"), output, kind, vocabularySize);
  }
}
