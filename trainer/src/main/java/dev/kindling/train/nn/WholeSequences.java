package dev.kindling.train.nn;

import dev.kindling.train.autodiff.Attend;
import dev.kindling.train.autodiff.Value;
import dev.kindling.train.tensor.Tensor;

/**
 * Every row of the batch is one sequence from its first token on.
 *
 * @param lengths int32 [batch], tokens of each that are no padding on the right; null: all
 */
public record WholeSequences(long batch, Tensor lengths) implements Context {
  @Override
  public Value attend(int layer, Value qkv, int heads) {
    return Attend.of(qkv, heads, batch, lengths);
  }
}
