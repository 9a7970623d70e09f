package dev.kindling.train.model;

import dev.kindling.checkpoint.WeightSource;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Tensor;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * A model of the layers that are here.
 *
 * @param <B> what its micro-batches are
 */
public interface TapedModel<B extends MicroBatch> extends TrainableModel<B> {
  ModelCore core();

  @Override
  default ParameterLayout layout() {
    return core().weights().layout();
  }

  @Override
  default Tensor weights() {
    return core().weights().flat();
  }

  @Override
  default WeightSource weightSource() {
    return core().weights().source();
  }

  @Override
  default boolean isUsedRounded(Parameter parameter) {
    return core().weights().isUsedRounded(parameter);
  }

  @Override
  default void weightsChanged() {
    core().weights().changed();
  }

  @Override
  default void holdPacked(boolean held) {
    core().weights().holdPacked(held);
  }

  /** The most bytes that activations and their gradients have taken so far. */
  default long peakActivationBytes() {
    return core().tape().peakBytes();
  }

  /**
   * From here on, of each block only what goes into it is kept; the way back computes the block again. Less memory,
   * one more way forward, the same bits.
   */
  default void checkpointActivations() {
    core().tape().recompute();
  }

  @Override
  default double begin(B batch, Tensor gradients, CounterRandom random, LongConsumer whole) {
    return core().begin(gradients, () -> accumulate(batch, gradients, random, whole));
  }

  @Override
  default Optional<String> firstNonFinite(B batch, Tensor gradients, CounterRandom random) {
    return core().tape().watched(() -> accumulate(batch, gradients, random));
  }

  @Override
  default void close() {
    core().close();
  }
}
