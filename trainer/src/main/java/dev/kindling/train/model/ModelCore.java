package dev.kindling.train.model;

import dev.kindling.checkpoint.WeightSource;
import dev.kindling.train.autodiff.Tape;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.function.DoubleSupplier;
import java.util.function.LongConsumer;

/** What every {@link TapedModel} is made on: its weights in one flat vector, and the tape on which its operations run. */
public final class ModelCore implements AutoCloseable {
  private final Tape tape;
  private final ModelWeights weights;

  ModelCore(Kernels kernels, Precision precision) {
    tape = new Tape(kernels, precision);
    weights = new ModelWeights(kernels, precision);
  }

  /** With fresh weights: each a pure function of the seed, the weight's name and its place there. */
  static <M extends TapedModel<?>> M fresh(M model, long seed) {
    model.core().weights.initialise(seed);
    return model;
  }

  /** With a checkpoint's weights. @throws UserError naming a tensor that is missing or of another shape */
  static <M extends TapedModel<?>> M loaded(M model, WeightSource source) {
    try {
      model.core().weights.load(source);
      return model;
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /** Without weights, for plans of memory: its kernels read nothing. */
  static <M extends TapedModel<?>> M planned(M model) {
    model.core().weights.pretend();
    return model;
  }

  Tape tape() {
    return tape;
  }

  ModelWeights weights() {
    return weights;
  }

  /**
   * Forward and back.
   *
   * @param gradients flat like the weights, added to; @param random of this micro-batch, or null: nothing is dropped out
   * @param loss runs the model forward; @param whole as {@link TrainableModel#accumulate} has it
   */
  double accumulate(Tensor gradients, CounterRandom random, LongConsumer whole, DoubleSupplier loss) {
    weights.bindGradients(gradients);
    tape.reset(true, random);
    double sum = loss.getAsDouble();
    WholeGradients gradientsSoFar = weights.wholeGradients(tape.used(), whole);
    tape.backward(gradientsSoFar::add);
    return sum;
  }

  /** The same for gradients whose content does not count yet. @param microBatch runs {@link #accumulate}, or leaves it */
  double begin(Tensor gradients, DoubleSupplier microBatch) {
    weights.beginGradients(gradients);
    double sum = microBatch.getAsDouble();
    weights.finishGradients();
    return sum;
  }

  @Override
  public void close() {
    tape.close();
    weights.close();
  }
}
