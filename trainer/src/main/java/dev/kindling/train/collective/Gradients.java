package dev.kindling.train.collective;

import static dev.kindling.checkpoint.UserError.require;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.ParameterLayout;

/**
 * How gradients go between ranks: exactly, which is what a run does unless it is told otherwise, or with fewer bytes for a
 * narrow network. All but the first make the result depend on the number of ranks, and so keep it: the same bits need the same
 * number.
 */
public sealed interface Gradients {
  /** Float32 sums by the one tree over virtual ranks, on their way while backward runs. */
  record Exact() implements Gradients {
    @Override
    public boolean anyRanks() {
      return true;
    }

    @Override
    public boolean reduces() {
      return true;
    }

    @Override
    public GradientExchange create(Communicator communicator, Shards shards, ParameterLayout layout, Kernels kernels) {
      return new ExactExchange(communicator, shards, layout);
    }
  }

  /** Each rank's sum, rounded by a {@link Codec}. */
  record Coded(Codec codec) implements Gradients {
    @Override
    public GradientExchange create(Communicator communicator, Shards shards, ParameterLayout layout, Kernels kernels) {
      return new CodedExchange(codec, communicator, shards, layout, kernels);
    }

    @Override
    public long bytes(Shards shards, ParameterLayout layout) {
      return CodedExchange.bytes(codec, shards, layout.size());
    }

    @Override
    public long saved(Shards shards, ParameterLayout layout) {
      return codec.feedsBack() ? layout.size() * Float.BYTES : 0;
    }
  }

  /**
   * Matrices of gradients as products of two thin ones (PowerSGD: Vogels et al. 2019, arXiv:1905.13727), with what is lost kept
   * for the next step; these and all else as eight bits for each value.
   *
   * @param rank columns of the thin ones
   */
  record PowerSgd(int rank) implements Gradients {
    public PowerSgd { require(rank >= 1, "gradients.rank", rank, "1 or more, such as 88"); }

    @Override
    public GradientExchange create(Communicator communicator, Shards shards, ParameterLayout layout, Kernels kernels) {
      return new PowerSgdExchange(rank, communicator, shards, layout, kernels);
    }

    @Override
    public long bytes(Shards shards, ParameterLayout layout) {
      return PowerSgdExchange.bytes(rank, shards.worldSize(), layout);
    }

    @Override
    public long saved(Shards shards, ParameterLayout layout) {
      return PowerSgdExchange.saved(rank, layout);
    }
  }

  /**
   * Each rank learns by itself for some steps; then the ranks meet at the mean of their weights, towards which an outer optimizer
   * moves (DiLoCo: Douillard et al. 2023, arXiv:2311.08105).
   *
   * @param steps between two meetings
   * @param rate of the outer optimizer; @param momentum its Nesterov momentum: a lasting direction is followed rate / (1 - momentum)
   *        times as far as the ranks went. The mean of steps that each rank's optimizer has scaled is shorter than the step of their mean
   *        gradient, as far as their noise differs: a rate above 1 makes up for it. DiLoCo's 0.7 and 0.9 are for hundreds of steps
   *        between two meetings
   */
  record Local(long steps, double rate, double momentum) implements Gradients {
    public Local {
      require(steps >= 1, "gradients.localSteps", steps, "1 or more, such as 4");
      require(rate > 0, "gradients.outerRate", rate, "above 0, such as 1.4");
      require(momentum >= 0 && momentum < 1, "gradients.outerMomentum", momentum, "0 or more and below 1, such as 0");
    }

    @Override
    public boolean apart() {
      return true;
    }

    @Override
    public GradientExchange create(Communicator communicator, Shards shards, ParameterLayout layout, Kernels kernels) {
      return new LocalExchange(this, communicator, shards, layout, kernels);
    }

    @Override
    public long bytes(Shards shards, ParameterLayout layout) {
      return LocalExchange.bytes(shards, layout.size());
    }

    @Override
    public long saved(Shards shards, ParameterLayout layout) {
      return LocalExchange.saved(shards, layout.size());
    }
  }

  /** Whether the result is the same for any number of ranks, so that a run may go on with another number. */
  default boolean anyRanks() {
    return false;
  }

  /** Whether each rank updates all weights by its own gradients, and not its shard by those of all. */
  default boolean apart() {
    return false;
  }

  /** Whether gradients go by {@link Communicator#reduce}, for which a communicator holds what comes in. */
  default boolean reduces() {
    return false;
  }

  /** What of it goes into a checkpoint, in bytes, for the rank that has the most. */
  default long saved(Shards shards, ParameterLayout layout) {
    return 0;
  }

  /** What the rank that needs the most holds for it outside the heap. */
  default long bytes(Shards shards, ParameterLayout layout) {
    return 0;
  }

  /** @param shards which rank sums what */
  GradientExchange create(Communicator communicator, Shards shards, ParameterLayout layout, Kernels kernels);
}
