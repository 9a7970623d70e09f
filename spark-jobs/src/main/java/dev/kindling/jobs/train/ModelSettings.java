package dev.kindling.jobs.train;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.UserError;
import java.io.Serializable;

/**
 * The shape of a GPT-2 decoder; its vocabulary is the dataset's.
 *
 * @param innerWidth of the feed-forward layers; 0: 4 times the width
 * @param contextLength most tokens of a sequence; 0: the dataset's sequence length
 */
public record ModelSettings(int layers, int heads, int width, int innerWidth,
    int contextLength) implements Serializable {
  public ModelSettings {
    require(layers > 0, "model.layers", layers, "1 or more");
    require(heads > 0, "model.heads", heads, "1 or more");
    require(width > 0 && width % heads == 0, "model.width", width, "a positive multiple of model.heads, " + heads);
    require(innerWidth >= 0, "model.innerWidth", innerWidth, "a width, or 0 for 4 times model.width");
    require(contextLength >= 0, "model.contextLength", contextLength,
        "a number of tokens, or 0 for the dataset's sequence length");
  }

  /** 4 layers of width 256: 3 to 6 million parameters, with a small vocabulary. */
  public static ModelSettings defaults() {
    return new ModelSettings(4, 4, 256, 0, 0);
  }

  /** The whole configuration for a dataset. @throws UserError where its sequences are longer than the context */
  Gpt2Config config(int vocabularySize, int sequenceLength, int endOfText) {
    int context = contextLength == 0 ? sequenceLength : contextLength;
    if (sequenceLength > context) {
      throw new UserError(
          "model.contextLength is " + contextLength + "; it must be at least the dataset's sequence length, "
              + sequenceLength + ", or 0 to be the same: set it, or prepare the dataset with shorter sequences");
    }
    Gpt2Config usual = Gpt2Config.of(vocabularySize, context, width, layers, heads).withEndOfText(endOfText);
    return innerWidth == 0
        ? usual
        : new Gpt2Config(vocabularySize, context, width, layers, heads, innerWidth, usual.layerNormEpsilon(),
            usual.tiedHead(),
            usual.initializerRange(), usual.beginToken(), usual.endTokens());
  }
}
