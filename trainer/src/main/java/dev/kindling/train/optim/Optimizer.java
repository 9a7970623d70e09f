package dev.kindling.train.optim;

import dev.kindling.train.tensor.Tensor;
import java.util.List;

/**
 * Turns the gradients of the shard that a rank owns into new weights. Holds its states for that shard only (ZeRO stage 1,
 * Rajbhandari et al. 2020) and hands them out by name for checkpoints, so that they can be loaded on other shards.
 */
public interface Optimizer extends AutoCloseable {
  /**
   * Updates this rank's shard.
   *
   * @param weights flat; @param gradients flat sums over the global batch's labels; spoilt
   * @param gradientScale what each gradient is multiplied with first: 1 / labels, times the clipping factor
   * @param step counted from 1; @param factor the schedule's
   */
  void step(Tensor weights, Tensor gradients, double gradientScale, long step, double factor);

  /** The states of this shard. */
  List<State> states();

  /**
   * A range of one state of one parameter.
   *
   * @param name such as {@code exp_avg/transformer.wte.weight}; @param from first element within the parameter
   * @param values float32, one-dimensional, the live memory: a loader writes it
   */
  record State(String name, long from, Tensor values) {}

  @Override
  void close();
}
