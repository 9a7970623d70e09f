package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.BloomConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.DropoutRates;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.GptNeoxConfig;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.tokenizer.Fingerprint;
import dev.kindling.data.tokenizer.PrefixSpace;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.jobs.config.Differences;
import dev.kindling.jobs.model.ModelPath;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A trained model that a run begins with: it says the shape, the run's dataset is made with its tokenizer, and its weights are
 * where the first step starts ({@link StartingWeights}). The folder is one model, not a run, so that it is the same one whenever
 * the run goes on.
 *
 * @param folder in Hugging Face's layout; @param config of it; @param tokenizer its {@code tokenizer.json}; empty: it has none
 */
record TrainedStart(Path folder, ModelConfig config, Optional<String> tokenizer) {
  private static final String KEY = "model.from";

  /** Empty where the model is fresh. @throws UserError where there is no model, or other settings say a shape too */
  static Optional<TrainedStart> of(ModelSettings settings, Configuration hadoop) {
    if (settings.from().isEmpty()) return Optional.empty();
    Path folder = new Path(settings.from());
    require(Storage.exists(Storage.of(hadoop, folder), new Path(folder, ModelConfig.FILE)), KEY, folder,
        "the folder of a model, with config.json; of a run name one of its checkpoints");
    try (ModelFolder model = ModelPath.openResolved(hadoop, folder)) {
      TrainedStart start = new TrainedStart(folder, model.config(), model.tokenizerJson());
      start.refuseOtherShape(settings);
      return Optional.of(start);
    }
  }

  ModelFamily family() {
    if (config instanceof BertConfig bert) return ModelFamily.valueOf(bert.kind().name());
    if (config instanceof T5Config t5) return t5.gated() ? ModelFamily.T5_V1_1 : ModelFamily.T5;
    return family((DecoderConfig) config);
  }

  private static ModelFamily family(DecoderConfig config) {
    if (config instanceof LlamaConfig llama) return ModelFamily.valueOf(llama.kind().name());
    if (config instanceof Gpt2Config) return ModelFamily.GPT2;
    if (config instanceof GptNeoxConfig) return ModelFamily.GPT_NEOX;
    if (config instanceof BloomConfig) return ModelFamily.BLOOM;
    throw new IllegalArgumentException("no family of " + config);
  }

  private void refuseOtherShape(ModelSettings settings) {
    ModelFamily usual = ModelSettings.defaults().family();
    require(settings.family() == usual || settings.family() == family(), "model.family", name(settings.family()),
        "left out, or " + name(family()) + " as that of " + KEY);
    String shape = Differences.of(settings.withDropout(0).withFrom(""),
        ModelSettings.defaults().withFamily(settings.family()));
    if (!shape.isEmpty())
      throw new UserError("model says " + shape + " beside " + KEY + ", whose config.json says the shape: leave out "
          + "all but model.dropout");
  }

  private static String name(ModelFamily family) {
    return family.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * What is hidden from the model, by the tokens that it learned with. Nothing is where rows say what is to be learned: texts with
   * labels, pairs, and texts of which each next token is said.
   *
   * @param hides whether the objective hides tokens; @param tokenizerJson the dataset's
   */
  ExtraTokens tokens(boolean hides, DatasetInfo dataset, String tokenizerJson) {
    int vocabulary = dataset.vocabularySize();
    if (!hides) return ExtraTokens.none(vocabulary);
    if (config instanceof BertConfig bert)
      return ExtraTokens.ofTrained(vocabulary, tokenizerJson, Math.max(0, bert.padToken()))
          .orElseThrow(() -> another("lacks a special token [MASK] or <mask>, which stands for hidden words"));
    ExtraTokens spans = ExtraTokens.ofSpans(vocabulary).in(tokenizerJson);
    if (!spans.names().isEmpty()) throw another("lacks " + spans.names().get(0) + ", which the model learned with");
    return spans;
  }

  /**
   * The folder's configuration, with the rate that is set, if any; an encoder is to say hidden words.
   *
   * @throws UserError where the dataset has other tokens or longer rows
   */
  ModelConfig shape(DatasetInfo dataset, double dropout) {
    if (tokenizer.isPresent() && !isMadeWith(tokenizer.get(), dataset)) throw another("is another than the model's");
    if (dataset.vocabularySize() > config.vocabularySize())
      throw another("has " + dataset.vocabularySize() + " tokens, the model " + config.vocabularySize());
    boolean byDistance = config instanceof T5Config;         // no row is too long
    if (byDistance && !config.endTokens().contains(dataset.endOfText()))
      throw another("ends texts with token " + dataset.endOfText() + ", the model with " + config.endTokens());
    if (!byDistance && dataset.sequenceLength() > config.contextLength())
      throw new UserError("the dataset's rows have " + dataset.sequenceLength() + " tokens; the model in " + folder
          + " takes " + config.contextLength() + " at the most: prepare the dataset with sequenceLength="
          + config.contextLength() + " or less");
    ModelConfig task = config instanceof BertConfig bert && bert.task() != EncoderTask.MASKED_WORDS
        ? bert.forTask(EncoderTask.MASKED_WORDS, List.of())
        : config;
    return dropout > 0 ? task.withDropout(DropoutRates.of((float) dropout)) : task;
  }

  /** For words one by one {@code prep} lets a byte-level tokenizer put a space before each. */
  private boolean isMadeWith(String json, DatasetInfo dataset) {
    if (Fingerprint.of(json).equals(dataset.tokenizer())) return true;
    boolean byWord = dataset.packingKind() == Packing.TOKEN_CLASSIFICATION;
    return byWord && PrefixSpace.addedTo(Tokenizer.parse(json, new Path(folder, Tokenizer.FILE).toString()))
        .fingerprint().equals(dataset.tokenizer());
  }

  private UserError another(String why) {
    return new UserError(
        "the dataset's tokenizer " + why + ": prepare the dataset with the tokenizer in " + folder);
  }
}
