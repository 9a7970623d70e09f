package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Value;

/** What the positions at hand attend to: those before them in the batch, or in a {@link KeyValueCache}. */
public interface Context {
  /**
   * @param layer counted from 0
   * @param qkv stored [rows, 3 · width]: queries, keys, values side by side
   * @return what each row's query found, stored [rows, width]
   */
  Value attend(int layer, Value qkv, int heads);
}
