package dev.kindling.train.model;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.train.nn.KeyValueCache;

/** A sequence of a {@link Gpt2Model} under generation. */
final class CachedSequence implements LanguageModel.Sequence {
  private final Gpt2Model model;
  private final KeyValueCache cache;
  private final float[] logits;

  CachedSequence(Gpt2Model model, Gpt2Config config, int capacity) {
    this.model = model;
    cache = model.newCache(capacity);
    logits = new float[config.vocabularySize()];
  }

  @Override
  public int length() {
    return (int) cache.length();
  }

  @Override
  public float[] append(int... tokens) {
    if (tokens.length == 0) throw new IllegalArgumentException("nothing to append");
    if (cache.length() + tokens.length > cache.capacity()) {
      throw new UserError(
          "a sequence of " + (cache.length() + tokens.length) + " tokens was to be read where there is room for "
              + cache.capacity());
    }
    model.append(tokens, cache, logits);
    return logits;
  }

  @Override
  public void close() {
    cache.close();
  }
}
