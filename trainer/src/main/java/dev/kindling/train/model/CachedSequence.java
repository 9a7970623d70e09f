package dev.kindling.train.model;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.nn.KeyValueCache;
import java.util.Arrays;

/**
 * A sequence of a {@link DecoderModel} under generation. Where rotary positions have other frequencies for longer sequences,
 * the keys of the tokens so far are made anew when that length is reached: logits are always those of the whole text.
 */
final class CachedSequence implements LanguageModel.Sequence {
  private final DecoderModel model;
  private final int capacity;
  private final float[] logits;
  private final int[] tokens;
  private KeyValueCache cache;

  CachedSequence(DecoderModel model, int capacity) {
    this.model = model;
    this.capacity = capacity;
    tokens = new int[capacity];
    cache = model.newCache(capacity);
    logits = new float[model.vocabularySize()];
  }

  @Override
  public int length() {
    return (int) cache.length();
  }

  @Override
  public float[] append(int... more) {
    if (more.length == 0) throw new IllegalArgumentException("nothing to append");
    int before = length();
    int after = before + more.length;
    if (after > capacity) {
      throw new UserError(
          "a sequence of " + after + " tokens was to be read where there is room for " + capacity);
    }
    System.arraycopy(more, 0, tokens, before, more.length);
    if (before > 0 && model.rotation(before) != model.rotation(after)) {
      cache.close();
      cache = model.newCache(capacity);
      model.append(Arrays.copyOf(tokens, after), cache, logits);
    } else {
      model.append(more, cache, logits);
    }
    return logits;
  }

  @Override
  public void close() {
    cache.close();
  }
}
