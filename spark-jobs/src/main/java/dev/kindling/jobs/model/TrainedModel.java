package dev.kindling.jobs.model;

import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.checkpoint.folder.ModelFolder;
import dev.kindling.data.tokenizer.Tokenizer;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.tensor.Precision;
import org.apache.hadoop.fs.Path;

/** A model of a folder, ready to compute. For one thread at a time. */
public final class TrainedModel implements AutoCloseable {
  private final ModelFolder folder;
  private final Kernels kernels;
  private final DecoderModel model;

  private TrainedModel(ModelFolder folder, Kernels kernels, DecoderModel model) {
    this.folder = folder;
    this.kernels = kernels;
    this.model = model;
  }

  /** @param folder closed with the model, and where this fails; @throws UserError where it is no decoder's */
  public static TrainedModel open(ModelFolder folder, Precision precision, int threads) {
    Kernels kernels = null;
    try {
      if (!(folder.config() instanceof DecoderConfig config))
        throw new UserError("model " + folder.path() + " is a " + folder.config().family()
            + "; a decoder is needed here, which continues texts, such as gpt2 or llama" + instead(folder));
      kernels = NativeCache.loading(() -> KernelLibraries.best(threads));
      DecoderModel model = DecoderModel.load(config, folder.weights(), kernels, precision);
      return new TrainedModel(folder, kernels, model);
    } catch (RuntimeException e) {
      if (kernels != null) kernels.close();
      folder.close();
      throw e;
    }
  }

  /** Which verb is for such a model. */
  private static String instead(ModelFolder folder) {
    String verb = folder.config() instanceof T5Config ? "generate writes" : "predict labels or embeds";
    return "; kindling " + verb + " texts with this one";
  }

  public ModelFolder folder() {
    return folder;
  }

  public DecoderModel model() {
    return model;
  }

  public Kernels kernels() {
    return kernels;
  }

  /** The tokenizer beside the weights. @throws UserError where there is none */
  public Tokenizer tokenizer() {
    String json = folder.tokenizerJson().orElseThrow(() -> new UserError(
        "model " + folder.path() + " has no " + ModelFolder.TOKENIZER + "; text cannot be told to it without one"));
    return Tokenizer.parse(json, new Path(folder.path(), ModelFolder.TOKENIZER).toString());
  }

  @Override
  public void close() {
    model.close();
    kernels.close();
    folder.close();
  }
}
