package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.DropoutRates;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.Storage;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.shard.DatasetInfo;
import dev.kindling.data.tokenizer.Fingerprint;
import dev.kindling.jobs.config.Differences;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.T5Model;
import dev.kindling.train.tensor.Precision;
import java.util.Locale;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * A trained T5 that a run begins with: it says the shape, the run's dataset is made with its tokenizer, and its weights are where
 * the first step starts. The folder is one model, not a run, so that it is the same one whenever the run goes on.
 *
 * @param folder in Hugging Face's layout; @param config of it; @param tokenizer SHA-256 of its tokenizer.json; empty: it has none
 */
record TrainedStart(Path folder, T5Config config, Optional<String> tokenizer) {
  private static final String KEY = "model.from";

  /** Empty where the model is fresh. @throws UserError where there is no T5, or other settings say a shape too */
  static Optional<TrainedStart> of(ModelSettings settings, Configuration hadoop) {
    if (settings.from().isEmpty()) return Optional.empty();
    Path folder = new Path(settings.from());
    require(Storage.exists(Storage.of(hadoop, folder), new Path(folder, ModelConfig.FILE)), KEY, folder,
        "the folder of a model, with config.json; of a run name one of its checkpoints");
    try (ModelFolder model = ModelFolder.open(hadoop, folder)) {
      if (!(model.config() instanceof T5Config t5))
        throw new UserError(KEY + " is " + folder + ", a " + model.config().family() + "; it must be a t5's folder");
      TrainedStart start = new TrainedStart(folder, t5, model.tokenizerJson().map(Fingerprint::of));
      start.refuseOtherShape(settings);
      return Optional.of(start);
    }
  }

  ModelFamily family() {
    return config.gated() ? ModelFamily.T5_V1_1 : ModelFamily.T5;
  }

  private void refuseOtherShape(ModelSettings settings) {
    ModelFamily usual = ModelSettings.defaults().family();
    require(settings.family() == usual || settings.family() == family(), "model.family", name(settings.family()),
        "left out, or " + name(family()) + " as that of " + KEY);
    String shape = Differences.of(settings.withFamily(usual).withDropout(0).withFrom(""), ModelSettings.defaults());
    if (!shape.isEmpty())
      throw new UserError("model says " + shape + " beside " + KEY + ", whose config.json says the shape: leave out "
          + "all but model.dropout");
  }

  private static String name(ModelFamily family) {
    return family.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The folder's configuration, with the rate that is set, if any. @throws UserError where the dataset has other tokens */
  T5Config shape(DatasetInfo dataset, ExtraTokens extra, double dropout) {
    String why = null;
    if (tokenizer.isPresent() && !tokenizer.get().equals(dataset.tokenizer()))
      why = "is another than the model's";
    else
      if (dataset.vocabularySize() > config.vocabularySize())
        why = "has " + dataset.vocabularySize() + " tokens, the model " + config.vocabularySize();
      else
        if (!config.endTokens().contains(dataset.endOfText()))
          why = "ends texts with token " + dataset.endOfText() + ", the model with " + config.endTokens();
        else
          if (!extra.names().isEmpty())
            why = "lacks " + extra.names().get(0) + ", which the model learned with";
    if (why != null)
      throw new UserError("the dataset's tokenizer " + why + ": prepare the dataset with the tokenizer in " + folder);
    return dropout > 0 ? config.withDropout(DropoutRates.of((float) dropout)) : config;
  }

  /** A model with the folder's weights. @param shape what {@link #shape} gave */
  static T5Model load(Path folder, T5Config shape, Configuration hadoop, Kernels kernels, Precision precision) {
    try (ModelFolder model = ModelFolder.open(hadoop, folder)) {
      return T5Model.load(shape, model.weights(), kernels, precision);
    }
  }
}
