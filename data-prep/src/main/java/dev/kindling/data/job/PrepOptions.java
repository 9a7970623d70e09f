package dev.kindling.data.job;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.data.corpus.CorpusSource;
import dev.kindling.data.pack.RowCut;
import dev.kindling.data.tokenizer.BpeTrainer;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What {@link PrepJob} is to do.
 *
 * @param corpus what to read
 * @param output folder of the dataset, on any Hadoop file system; empty or missing
 * @param tokenizer a {@code tokenizer.json} to use, or a folder with one; empty: one is trained on the training documents
 * @param vocabularySize ids of the tokenizer that is trained; not looked at where one is given
 * @param sequenceLength inputs of a row
 * @param heldOutPercent of the documents that neither training nor tokenizer see; chosen by a hash of their ids
 * @param seed another seed holds other documents out and puts them in another order
 */
public record PrepOptions(CorpusSource corpus, String output, Optional<String> tokenizer, int vocabularySize,
    int sequenceLength,
    double heldOutPercent, long seed) {
  public PrepOptions {
    require(!output.isBlank(), "output", "'" + output + "'", "a folder");
    require(tokenizer.isPresent() || vocabularySize >= BpeTrainer.SMALLEST && vocabularySize <= 1 << 20,
        "vocabularySize",
        vocabularySize, BpeTrainer.SMALLEST + " to 1048576: 256 bytes, the end of a text, and merges");
    require(heldOutPercent >= 0 && heldOutPercent < 100, "heldOutPercent", heldOutPercent, "at least 0 and below 100");
    new RowCut(sequenceLength);
  }

  /** Vocabulary 2,048, rows of 128, 6% of the documents held out: what the demo does. */
  public static PrepOptions of(CorpusSource corpus, String output) {
    return new PrepOptions(corpus, output, Optional.empty(), 2048, 128, 6, 1);
  }

  /** The settings that decide what comes out, in a user's words; where it is written is not among them. */
  Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>();
    settings.put("format", corpus.format().name());
    settings.put("textField", corpus.textField());
    settings.put("idField", corpus.idField());
    settings.put("sequenceLength", String.valueOf(sequenceLength));
    settings.put("heldOutPercent", String.valueOf(heldOutPercent));
    settings.put("seed", String.valueOf(seed));
    if (tokenizer.isEmpty()) settings.put("vocabularySize", String.valueOf(vocabularySize));
    return settings;
  }
}
