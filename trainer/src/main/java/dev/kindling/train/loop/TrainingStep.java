package dev.kindling.train.loop;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.PairwiseSum;
import dev.kindling.train.collective.ShardPlanner;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.collective.SubtreeSums;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.optim.AveragedWeights;
import dev.kindling.train.optim.Optimizer;
import dev.kindling.train.optim.OwnedRange;
import dev.kindling.train.profile.Part;
import dev.kindling.train.profile.Spans;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import java.util.function.DoubleSupplier;

/**
 * One optimizer step of one rank:
 *
 * <pre>
 *   G    = Σ over virtual ranks Σ over micro-batches Σ over labels  ∂ loss / ∂ weights     one fixed tree of sums
 *   n    = labels of the global batch                                                      an exact integer
 *   norm = ‖G‖ / n,  clip = min(1, clipNorm / (norm + 1e-6))                               (Pascanu et al. 2013)
 *   weights = optimizer(weights, G · clip / n)                                             each rank its shard
 * </pre>
 *
 * The mean is over the labels of the whole global batch, never of a micro-batch, so that the result does not depend on how the
 * batch was cut. With no label at all nothing is updated, not even by momentum or decay.
 */
final class TrainingStep implements AutoCloseable {
  private final MicroBatches<?> microBatches;
  private final TrainableModel<?> model;
  private final Kernels kernels;
  private final Communicator communicator;
  private final RunOptions options;
  private final Spans spans;
  private final VirtualRankTree.Node range;
  private final Shards shards;
  private final List<OwnedRange> owned;
  private final SubtreeSums sums;
  private final CounterRandom random;
  private final Optimizer optimizer;
  private long updates;

  /** What a step came to, the same on all ranks. */
  record Outcome(double loss, long labels, double gradientNorm, double rate, long tokens, StopRequest stop,
      List<byte[]> words) {}

  TrainingStep(MicroBatches<?> microBatches, Kernels kernels, Communicator communicator, RunOptions options,
      Spans spans) {
    this.microBatches = microBatches;
    this.model = microBatches.model();
    this.kernels = kernels;
    this.communicator = communicator;
    this.options = options;
    this.spans = spans;
    random = CounterRandom.of(options.seed(), "dropout");
    VirtualRankTree tree = new VirtualRankTree(options.virtualRanks());
    int rank = communicator.rank();
    int worldSize = communicator.worldSize();
    UserError.require(worldSize <= options.virtualRanks(), "virtualRanks", options.virtualRanks(),
        "at least the number of ranks, " + worldSize);
    range = tree.range(rank, worldSize);
    shards = ShardPlanner.plan(model.layout(), worldSize, options.optimizer()::needsWhole);
    owned = OwnedRange.of(model.layout(), shards.from(rank), shards.to(rank));
    model.holdPacked(holdsPacked(range.to() - range.from(), options));
    sums = new SubtreeSums(kernels, model.layout().size(), tree, range);
    try {
      optimizer = options.optimizer().create(owned, kernels);
    } catch (Throwable e) {
      sums.close();
      throw e;
    }
  }

  /** Whether a rank with so many virtual ranks uses the same weights for several micro-batches: then it pays to keep them packed. */
  static boolean holdsPacked(int virtualRanks, RunOptions options) {
    return virtualRanks > 1 || options.accumulate() > 1;
  }

  Optimizer optimizer() {
    return optimizer;
  }

  /** Updates so far, which is what an optimizer counts: a step without labels is none. */
  long updates() {
    return updates;
  }

  void resumeAt(long updates) {
    this.updates = updates;
  }

  /** @param step counted from 1; @param stop whether this rank wants the run to end; @param word to all ranks */
  Outcome run(long step, StopRequest stop, byte[] word) {
    Gathering gathering = new Gathering(step);
    spans.enter(Part.COMPUTE);
    List<Contribution> mine = sums.sum(gathering::accumulate);
    spans.enter(Part.OTHER);
    Tensor gradients = mine.get(0).sum();
    communicator.reduceScatter(mine, shards, gradients);
    List<StepReport> reports = StepReport.of(communicator.allGather(
        new StepReport(stop, gathering.tokens, gathering.labels, gathering.losses, squares(gradients), word)
            .toBytes()));
    StepReport all = StepReport.join(reports);
    List<byte[]> words = reports.stream().map(StepReport::word).toList();
    double rate = options.optimizer().rate() * options.schedule().factor(step);
    if (all.labels() == 0) {
      sums.release(mine);
      return new Outcome(0, 0, 0, rate, all.tokens(), all.stop(), words);
    }
    double loss = PairwiseSum.of(all.losses()) / all.labels();
    double norm = Math.sqrt(PairwiseSum.of(all.squares())) / all.labels();
    checkFinite(step, all.losses(), norm);
    double clip = options.clipNorm() > 0 ? Math.min(1, options.clipNorm() / (norm + 1e-6)) : 1;
    updates++;
    spans.enter(Part.OPTIMIZER);
    optimizer.step(model.weights(), gradients, clip / all.labels(), updates, options.schedule().factor(step));
    spans.enter(Part.OTHER);
    sums.release(mine);
    communicator.allGather(model.weights(), shards);
    spans.enter(Part.PACK);
    model.weightsChanged();
    spans.enter(Part.OTHER);
    return new Outcome(loss, all.labels(), norm, rate, all.tokens(), all.stop(), words);
  }

  /**
   * Runs something while the model has the averages of its weights, and brings the weights back; all ranks do.
   *
   * @throws IllegalStateException where the optimizer keeps no averages
   */
  double onAverages(DoubleSupplier body) {
    if (!(optimizer instanceof AveragedWeights averages)) throw new IllegalStateException("no averages are kept");
    if (updates == 0) return body.getAsDouble();           // they begin with the first update
    exchange(averages);
    double result = body.getAsDouble();
    exchange(averages);
    return result;
  }

  private void exchange(AveragedWeights averages) {
    averages.swap(model.weights());
    communicator.allGather(model.weights(), shards);
    model.weightsChanged();
  }

  /** The sums of squares of this shard's blocks; a block never crosses a shard's border. */
  private double[] squares(Tensor gradients) {
    double[] all = new double[owned.stream().mapToInt(TrainingStep::blocks).sum()];
    int at = 0;
    for (OwnedRange part : owned) {
      double[] some = new double[blocks(part)];
      kernels.sumSquares(part.in(gradients), some);
      System.arraycopy(some, 0, all, at, some.length);
      at += some.length;
    }
    return all;
  }

  private static int blocks(OwnedRange part) {
    return Math.toIntExact((part.size() + Kernels.NORM_BLOCK - 1) / Kernels.NORM_BLOCK);
  }

  private void checkFinite(long step, double[] losses, double norm) {
    VirtualRankTree tree = new VirtualRankTree(options.virtualRanks());
    for (int v = 0; v < losses.length; v++) {
      if (Double.isFinite(losses[v])) continue;
      int rank = 0;
      while (tree.range(rank, communicator.worldSize()).to() <= v) rank++;
      throw new UserError("the loss is " + losses[v] + " in step " + step + " on rank " + rank + " (virtual rank " + v
          + "); weights are still those of the step before; lower the learning rate or lengthen the warm-up");
    }
    if (!Double.isFinite(norm)) {
      throw new UserError("the gradient norm is " + norm + " in step " + step
          + " though the loss is finite; weights are still those of the step before; lower the learning rate");
    }
  }

  /** Runs this rank's micro-batches and counts. */
  private final class Gathering {
    private final long step;
    private final double[] losses = new double[range.to() - range.from()];
    private long labels;
    private long tokens;

    Gathering(long step) {
      this.step = step;
    }

    void accumulate(int virtualRank, Tensor gradients) {
      for (int i = 0; i < options.accumulate(); i++) {
        communicator.throwIfLost();              // whoever waits for this rank's end need not wait for all of them
        MicroBatches.Counted counted = microBatches.accumulate(step, virtualRank, i, random, gradients,
            spans);
        losses[virtualRank - range.from()] += counted.loss();
        labels += counted.labels();
        tokens += counted.tokens();
      }
    }
  }

  @Override
  public void close() {
    sums.close();
    optimizer.close();
    model.holdPacked(true);                      // what comes now may use the weights often
  }
}
