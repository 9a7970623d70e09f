package dev.kindling.train.model;

import dev.kindling.checkpoint.WeightSource;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * What the training loop needs of a model: one flat vector of weights, and the gradients of a micro-batch's loss.
 *
 * @param <B> what its micro-batches are
 */
public interface TrainableModel<B extends MicroBatch> extends AutoCloseable {
  ParameterLayout layout();

  /**
   * The float32 master weights, flat, [layout().size()]; write them, then call {@link #weightsChanged}. While several ranks train
   * in bf16 each has the masters of its own shard, and of the others' what is {@link #isUsedRounded used rounded} as bf16 has it,
   * except where they were gathered for a checkpoint and at the end.
   */
  Tensor weights();

  /** Every tensor of the model's files under its name, read live: {@link #weights}, and what is not learned. */
  WeightSource weightSource();

  /** Whether a parameter's values are used rounded to bf16 and in no other way, so that rounding them beforehand changes no bit. */
  default boolean isUsedRounded(Parameter parameter) {
    return false;
  }

  /** Tells the model that its master weights were written: layouts and roundings are made anew. */
  void weightsChanged();

  /**
   * Whether the model holds packed copies of its weights, as it does at first, or products pack what they use: that saves the
   * copies' memory, and costs no time where new weights come after every micro-batch. A model without such copies ignores it.
   */
  default void holdPacked(boolean held) {
  }

  /**
   * Forward and backward of the SUMMED loss of a micro-batch.
   *
   * @param gradients flat like the weights; d(sum of losses)/d(weights) is ADDED
   * @param random of this micro-batch, for what a model drops out while it learns; null: nothing is dropped out
   * @param whole may be told while the way back goes on, with ever smaller numbers, that no element of the gradients from such a
   *        one on changes any more
   * @return the sum over the labels that count; 0 where none does, and the gradients keep their bits
   */
  double accumulate(B batch, Tensor gradients, CounterRandom random, LongConsumer whole);

  /**
   * The same for the first micro-batch of a sum: what the gradients hold does not count and is written over, except for what lies
   * between parameters, which must be zero.
   */
  default double begin(B batch, Tensor gradients, CounterRandom random, LongConsumer whole) {
    Raw.zero(gradients.address(), gradients.bytes());
    return accumulate(batch, gradients, random, whole);
  }

  /**
   * The losses of single labels in the micro-batch that was accumulated last, where a model knows them anyway: one for each position
   * of its targets, 0 where that does not count.
   *
   * @return empty where the model cannot tell
   */
  default Optional<float[]> labelLosses() {
    return Optional.empty();
  }

  /** {@link #accumulate}, told when it is done. */
  default double accumulate(B batch, Tensor gradients, CounterRandom random) {
    return accumulate(batch, gradients, random, from -> {});
  }

  /** The same without dropout. */
  default double accumulate(B batch, Tensor gradients) {
    return accumulate(batch, gradients, null);
  }

  /**
   * {@link #accumulate} with an eye on every number, slow: to be asked after a loss or a gradient was not finite.
   *
   * @return where the first such number came from; empty where there is none, or the model cannot tell
   */
  default Optional<String> firstNonFinite(B batch, Tensor gradients, CounterRandom random) {
    accumulate(batch, gradients, random);
    return Optional.empty();
  }

  /** Forward only. @return the same sum */
  double loss(B batch);

  @Override
  void close();
}
