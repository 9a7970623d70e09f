package dev.kindling.train.loop;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.GatheredWeights;
import dev.kindling.train.collective.GradientExchange;
import dev.kindling.train.collective.PairwiseSum;
import dev.kindling.train.collective.ShardPlanner;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.collective.SubtreeSums;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.optim.AveragedWeights;
import dev.kindling.train.optim.Optimizer;
import dev.kindling.train.optim.OwnedRange;
import dev.kindling.train.profile.Part;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Supplier;
import java.util.function.LongConsumer;

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
 * batch was cut. With no label at all nothing is updated, not even by momentum or decay. Ranks that learn apart do all this each by
 * itself ({@link dev.kindling.train.collective.Gradients.Local}).
 */
final class TrainingStep implements AutoCloseable {
  private final MicroBatches<?> microBatches;
  private final TrainableModel<?> model;
  private final Kernels kernels;
  private final Communicator communicator;
  private final RunOptions options;
  private final StepClock spans;
  private final VirtualRankTree.Node range;
  private final Shards shards;
  private final GradientExchange exchange;
  private final GatheredWeights gathered;
  private final List<OwnedRange> owned;
  private final SubtreeSums sums;
  private final CounterRandom random;
  private final Optimizer optimizer;
  private long updates;
  private long sent;

  /** What a step came to, the same on all ranks. */
  record Outcome(StepFacts facts, StopRequest stop, List<byte[]> words) {}

  TrainingStep(MicroBatches<?> microBatches, Kernels kernels, Communicator communicator, RunOptions options,
      StepClock spans) {
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
    shards = shards(model.layout(), worldSize, options);
    exchange = options.gradients().create(communicator, shards, model.layout(), kernels);
    try {
      owned = exchange.owned();
      // ranks that learn apart go on from what they get, each for itself
      gathered = new GatheredWeights(communicator, shards, model.layout(),
          options.gradients().apart() ? any -> false : model::isUsedRounded, kernels);
      model.holdPacked(holdsPacked(range.to() - range.from(), options));
      sums = new SubtreeSums(kernels, model.layout().size(), tree, range);
    } catch (Throwable e) {
      exchange.close();
      throw e;
    }
    try {
      optimizer = options.optimizer().create(owned, kernels);
    } catch (Throwable e) {
      sums.close();
      exchange.close();
      throw e;
    }
  }

  /** Where each rank updates all weights, what an optimizer wants whole is so however they are cut. */
  static Shards shards(ParameterLayout layout, int worldSize, RunOptions options) {
    return ShardPlanner.plan(layout, worldSize,
        options.gradients().apart() ? any -> false : options.optimizer()::needsWhole);
  }

  /** Whether a rank with so many virtual ranks uses the same weights for several micro-batches: then it pays to keep them packed. */
  static boolean holdsPacked(int virtualRanks, RunOptions options) {
    return virtualRanks > 1 || options.accumulate() > 1;
  }

  /** What a checkpoint needs of this rank besides the weights: the optimizer's states and what the exchange keeps from step to step. */
  List<Optimizer.State> states() {
    List<Optimizer.State> all = new ArrayList<>();
    for (Optimizer.State s : optimizer.states()) {
      all.add(new Optimizer.State(exchange.named(s.name()), s.from(), s.values()));
    }
    all.addAll(exchange.states(model.weights()));
    return all;
  }

  /**
   * Sees to it that this rank's model has the float32 masters of all ranks, which between two steps it need not have; all ranks do at
   * the same time. It changes nothing that the model computes.
   */
  void gatherMasters() {
    Part before = spans.enter(Part.NETWORK);
    gathered.masters(model.weights());
    spans.enter(before);
  }

  /** The same of what each rank's model stores only, while the run goes on. */
  void gatherMasters(Shards storing) {
    Part before = spans.enter(Part.NETWORK);
    gathered.masters(model.weights(), storing);
    spans.enter(before);
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
    boolean last = step == options.steps();
    exchange.begin(step, last, model.weights());
    Gathering gathering = new Gathering(step);
    spans.enter(Part.COMPUTE);
    List<Contribution> mine = new Leaving().sum(gathering);
    Tensor gradients = mine.get(0).sum();
    double[] squares = squares(gradients);
    spans.enter(Part.NETWORK);
    StepReport own = new StepReport(stop, gathering.tokens, gathering.labels, exchange.sent() - sent, gathering.losses,
        squares, spans.take(), word);
    sent = exchange.sent();
    List<StepReport> reports = StepReport.of(communicator.allGather(own.toBytes()));
    spans.enter(Part.OTHER);
    StepReport all = StepReport.join(reports);
    StepFacts facts = facts(step, all, reports);
    if (all.labels() > 0) {
      if (!facts.isFinite()) throw new NonFinite(microBatches, communicator, options, random).found(facts, gradients);
      updates++;
      update(options.gradients().apart() ? own : all, gradients, step);
    } else {
      exchange.keep(gradients);
    }
    if (all.labels() > 0 || options.gradients().apart()) {
      spans.enter(Part.NETWORK);
      if (exchange.shares(step, last, model.weights())) gathered.gather(model.weights(), gradients);
      spans.enter(Part.PACK);
      model.weightsChanged();
      spans.enter(Part.OTHER);
    }
    sums.release(mine);
    return new Outcome(facts, all.stop(), reports.stream().map(StepReport::word).toList());
  }

  private StepFacts facts(long step, StepReport all, List<StepReport> reports) {
    boolean learns = all.labels() > 0;
    return new StepFacts(step, all.tokens(), all.labels(),
        learns ? PairwiseSum.of(all.losses()) / all.labels() : 0,
        options.optimizer().rate() * options.schedule().factor(step), learns ? norm(all, reports) : 0, all.sent(),
        all.losses(), reports.stream().map(StepReport::nanos).toList());
  }

  /** Where ranks learn apart, the mean of theirs that have labels. */
  private double norm(StepReport all, List<StepReport> reports) {
    if (!options.gradients().apart()) return all.norm();
    return reports.stream().filter(r -> r.labels() > 0).mapToDouble(StepReport::norm).average().orElse(0);
  }

  /** @param counted what the gradients are the sum of */
  private void update(StepReport counted, Tensor gradients, long step) {
    if (counted.labels() == 0) return;
    spans.enter(Part.OPTIMIZER);
    double clip = options.clipNorm() > 0 ? Math.min(1, options.clipNorm() / (counted.norm() + 1e-6)) : 1;
    optimizer.step(model.weights(), gradients, clip / counted.labels(), updates, options.schedule().factor(step));
    spans.enter(Part.OTHER);
  }

  /**
   * Runs something while the model has the averages of its weights, and brings the weights back; all ranks do.
   *
   * @throws IllegalStateException where the optimizer keeps no averages
   */
  OptionalDouble onAverages(Supplier<OptionalDouble> body) {
    if (!(optimizer instanceof AveragedWeights averages)) throw new IllegalStateException("no averages are kept");
    if (updates == 0) return body.get();           // they begin with the first update
    swap(averages);
    OptionalDouble result = body.get();
    swap(averages);
    return result;
  }

  private void swap(AveragedWeights averages) {
    averages.swap(model.weights());
    communicator.allGather(model.weights(), shards);
    model.weightsChanged();
  }

  /**
   * The sums of squares of this shard's blocks; a block never crosses a shard's border. Where ranks learn apart, their sum: a shard
   * is the whole model there, and nobody needs more of it than its norm.
   */
  private double[] squares(Tensor gradients) {
    double[] all = new double[owned.stream().mapToInt(TrainingStep::blocks).sum()];
    int at = 0;
    for (OwnedRange part : owned) {
      double[] some = new double[blocks(part)];
      kernels.sumSquares(part.in(gradients), some);
      System.arraycopy(some, 0, all, at, some.length);
      at += some.length;
    }
    return options.gradients().apart() ? new double[]{PairwiseSum.of(all)} : all;
  }

  private static int blocks(OwnedRange part) {
    return Math.toIntExact((part.size() + Kernels.NORM_BLOCK - 1) / Kernels.NORM_BLOCK);
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

    void accumulate(int virtualRank, Tensor gradients, LongConsumer complete) {
      for (int i = 0; i < options.accumulate(); i++) {
        LongConsumer told = i == options.accumulate() - 1 ? new Buckets(gradients.size(), complete) : from -> {};
        communicator.throwIfLost();              // whoever waits for this rank's end need not wait for all of them
        MicroBatches.Counted counted = microBatches.accumulate(step, virtualRank, i, random, gradients,
            told, spans);
        losses[virtualRank - range.from()] += counted.loss();
        labels += counted.labels();
        tokens += counted.tokens();
      }
    }
  }

  /** Sums that leave while the last of them is still made. */
  private final class Leaving implements SubtreeSums.Receiver {
    private Communicator.Reduction reduction;

    /** @return this rank's contributions; the first holds, in this rank's shard, the sum of all ranks' */
    List<Contribution> sum(Gathering gathering) {
      try {
        List<Contribution> mine = sums.sum(gathering::accumulate, this);
        spans.enter(Part.NETWORK);
        reduction.finish();
        spans.enter(Part.OTHER);
        return mine;
      } catch (RuntimeException | Error e) {
        communicator.abort(String.valueOf(e.getMessage()));
        throw e;
      } finally {
        if (reduction != null) reduction.close();
      }
    }

    @Override
    public void begin(List<Contribution> mine) {
      reduction = exchange.reduce(mine, mine.get(0).sum());
    }

    @Override
    public void complete(long from) {
      reduction.complete(from);
    }
  }

  /** Passes on how much is complete when it is worth a message. */
  private static final class Buckets implements LongConsumer {
    private static final long BUCKET = 1 << 20;  // elements
    private final LongConsumer told;
    private long last;

    Buckets(long size, LongConsumer told) {
      this.told = told;
      last = size;
    }

    @Override
    public void accept(long from) {
      if (last - from < BUCKET) return;
      last = from;
      told.accept(from);
    }
  }

  @Override
  public void close() {
    sums.close();
    optimizer.close();
    exchange.close();
    model.holdPacked(true);                      // what comes now may use the weights often
  }
}
