package dev.kindling.jobs.command;

import dev.kindling.data.corpus.CorpusFormat;
import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.job.PrepOptions;
import java.util.List;
import java.util.Optional;

/**
 * What {@code kindling prep} is to do; {@link PrepOptions} and {@link CorpusSource} say what each setting means.
 *
 * @param input files, folders or globs
 */
record PrepSettings(List<String> input, CorpusFormat format, String textField, String idField, String output,
    Optional<String> tokenizer, int vocabularySize, int sequenceLength, double heldOutPercent, long seed) {
  static PrepSettings defaults() {
    return new PrepSettings(null, CorpusFormat.JSONL, "text", "id", null, Optional.empty(), 16_384, 1024, 1, 1);
  }

  PrepOptions options() {
    return new PrepOptions(new CorpusSource(input, format, textField, idField), output, tokenizer, vocabularySize,
        sequenceLength, heldOutPercent, seed);
  }
}
