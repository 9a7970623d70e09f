package dev.kindling.train.collective;

import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.Communicator.Reduction;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.optim.Optimizer;
import dev.kindling.train.optim.OwnedRange;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Ranks that learn apart and meet now and then (DiLoCo, algorithm 1; the outer optimizer is Nesterov's as PyTorch's SGD has it). At
 * a meeting the owner of a shard gets what each rank has made of it:
 *
 * <pre>
 *   δ = a - mean over ranks of w        a where all ranks started from
 *   m = μ m + δ,  a = a - η (δ + μ m),  w = a
 * </pre>
 *
 * @see Gradients.Local
 */
final class LocalExchange implements GradientExchange {
  private static final int BLOCK = 1 << 14;      // elements that one thread updates at once
  private final Gradients.Local recipe;
  private final Communicator communicator;
  private final Shards shards;
  private final ParameterLayout layout;
  private final Kernels kernels;
  private final Memory memory;
  private final Tensor start;                    // a, of this rank's shard
  private final Tensor momentum;                 // m, of this rank's shard
  private final List<Tensor> in = new ArrayList<>();
  private final float[][][] scratch;             // by worker
  private long sent;

  LocalExchange(Gradients.Local recipe, Communicator communicator, Shards shards, ParameterLayout layout,
      Kernels kernels) {
    this.recipe = recipe;
    this.communicator = communicator;
    this.shards = shards;
    this.layout = layout;
    this.kernels = kernels;
    long size = shards.size(communicator.rank());
    scratch = new float[kernels.pool().threads()][3][BLOCK];
    memory = Memory.allocate(Math.max(1, (shards.worldSize() + 1) * size * Float.BYTES));
    start = Tensor.at(memory.address(), DType.FLOAT32, size);
    momentum = Tensor.at(start.address() + start.bytes(), DType.FLOAT32, size);
    Raw.zero(momentum.address(), momentum.bytes());
    long next = momentum.address() + momentum.bytes();
    for (int r = 0; r < shards.worldSize(); r++) {
      in.add(Tensor.at(next, DType.FLOAT32, r == communicator.rank() ? 0 : size));
      next += in.get(r).bytes();
    }
  }

  /** What the rank that needs the most holds. */
  static long bytes(Shards shards) {
    long most = 0;
    for (int rank = 0; rank < shards.worldSize(); rank++) most = Math.max(most, shards.size(rank));
    return (shards.worldSize() + 1) * most * Float.BYTES;
  }

  @Override
  public List<OwnedRange> owned() {
    return OwnedRange.of(layout, 0, layout.size());
  }

  @Override
  public void begin(long step, boolean last, Tensor weights) {
    if (meet(step, last)) sent += (layout.size() - shards.size(communicator.rank())) * Float.BYTES;
    if (step == 1) Raw.copy(shard(weights).address(), start.address(), start.bytes());
  }

  private Tensor shard(Tensor flat) {
    return flat.slice(shards.from(communicator.rank()), shards.size(communicator.rank()));
  }

  /** Nothing is sent, and nobody is waited for: the sum of this rank's virtual ranks alone. */
  @Override
  public Reduction reduce(List<Contribution> mine, Tensor sum) {
    return new AfterBackward(communicator, () -> {
      Tensor own = AfterBackward.ownSum(mine, kernels);
      if (own.address() != sum.address()) Raw.copy(own.address(), sum.address(), sum.bytes());
    });
  }

  private boolean meet(long step, boolean last) {
    return step % recipe.steps() == 0 || last;
  }

  @Override
  public boolean shares(long step, boolean last, Tensor weights) {
    if (!meet(step, last)) return false;
    List<Tensor> out = new ArrayList<>();
    for (int r = 0; r < shards.worldSize(); r++) {
      out.add(weights.slice(shards.from(r), r == communicator.rank() ? 0 : shards.size(r)));
    }
    communicator.allToAll(out, in);
    Tensor own = shard(weights);
    kernels.pool().run(Math.toIntExact((own.size() + BLOCK - 1) / BLOCK), (block, worker) -> {
      long from = (long) block * BLOCK;
      update(own, from, (int) Math.min(BLOCK, own.size() - from), scratch[worker]);
    });
    return true;
  }

  private void update(Tensor own, long from, int count, float[][] arrays) {
    float[] mean = arrays[0], a = arrays[1], m = arrays[2];
    for (int r = 0; r < shards.worldSize(); r++) {
      float[] into = r == 0 ? mean : a;
      (r == communicator.rank() ? own : in.get(r)).get(from, into, 0, count);
      for (int i = 0; r > 0 && i < count; i++) mean[i] += a[i];
    }
    start.get(from, a, 0, count);
    momentum.get(from, m, 0, count);
    float ranks = shards.worldSize(), rate = (float) recipe.rate(), mu = (float) recipe.momentum();
    for (int i = 0; i < count; i++) {
      float delta = a[i] - mean[i] / ranks;
      m[i] = mu * m[i] + delta;
      a[i] -= rate * (delta + mu * m[i]);
    }
    momentum.put(from, m, 0, count);
    start.put(from, a, 0, count);
    own.put(from, a, 0, count);
  }

  @Override
  public long sent() {
    return sent;
  }

  /** Also the weights themselves, which between two meetings each rank has others of. */
  @Override
  public List<Optimizer.State> states(Tensor weights) {
    int rank = communicator.rank();
    List<OwnedRange> owned = OwnedRange.of(layout, shards.from(rank), shards.to(rank));
    List<Optimizer.State> all = new ArrayList<>(RankStates.ofRank(rank, "weights", layout, weights));
    all.addAll(RankStates.ofShard("outer_start", owned, start, shards.from(rank)));
    all.addAll(RankStates.ofShard("outer_momentum", owned, momentum, shards.from(rank)));
    return all;
  }

  @Override
  public String named(String state) {
    return RankStates.named(communicator.rank(), state);
  }

  @Override
  public void close() {
    memory.close();
  }
}
