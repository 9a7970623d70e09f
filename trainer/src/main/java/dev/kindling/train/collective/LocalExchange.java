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
 * a meeting the owner of a shard gets how far each rank has moved it, its own exactly and the others' as bf16:
 *
 * <pre>
 *   δ = mean over ranks of a - w        a where all ranks started from
 *   m = μ m + δ,  a = a - η (δ + μ m),  w = a
 * </pre>
 *
 * @see Gradients.Local
 */
final class LocalExchange implements GradientExchange {
  private static final Codec CODEC = new Bfloat16Codec();
  private final Gradients.Local recipe;
  private final Communicator communicator;
  private final Shards shards;
  private final ParameterLayout layout;
  private final Kernels kernels;
  private final CodedBlocks blocks;
  private final Memory memory;
  private final Tensor start;                    // a, flat
  private final Tensor momentum;                 // m, of this rank's shard
  private final List<Tensor> out = new ArrayList<>();
  private final List<Tensor> in = new ArrayList<>();
  private boolean begun;
  private long sent;

  LocalExchange(Gradients.Local recipe, Communicator communicator, Shards shards, ParameterLayout layout,
      Kernels kernels) {
    this.recipe = recipe;
    this.communicator = communicator;
    this.shards = shards;
    this.layout = layout;
    this.kernels = kernels;
    blocks = new CodedBlocks(CODEC, kernels);
    int rank = communicator.rank();
    memory = Memory.allocate(bytes(shards, layout.size(), rank));
    start = Tensor.at(memory.address(), DType.FLOAT32, layout.size());
    momentum = Tensor.at(start.address() + start.bytes(), DType.FLOAT32, shards.size(rank));
    Raw.zero(momentum.address(), momentum.bytes());
    long next = momentum.address() + momentum.bytes();
    for (int r = 0; r < shards.worldSize(); r++) {
      out.add(Tensor.at(next, DType.INT32, r == rank ? 0 : CodedBlocks.words(CODEC, shards.size(r))));
      next += out.get(r).bytes();
      in.add(Tensor.at(next, DType.INT32, r == rank ? 0 : CodedBlocks.words(CODEC, shards.size(rank))));
      next += in.get(r).bytes();
    }
  }

  /** What the rank that needs the most holds. */
  static long bytes(Shards shards, long elements) {
    long most = 0;
    for (int rank = 0; rank < shards.worldSize(); rank++) most = Math.max(most, bytes(shards, elements, rank));
    return most;
  }

  private static long bytes(Shards shards, long elements, int rank) {
    return (elements + shards.size(rank)) * Float.BYTES + CodedBlocks.bytes(CODEC, shards, rank);
  }

  /** What of it is in a checkpoint: this rank's weights, and of its shard a and m. */
  static long saved(Shards shards, long elements) {
    long most = 0;
    for (int rank = 0; rank < shards.worldSize(); rank++) most = Math.max(most, shards.size(rank));
    return (elements + 2 * most) * Float.BYTES;
  }

  @Override
  public List<OwnedRange> owned() {
    return OwnedRange.of(layout, 0, layout.size());
  }

  @Override
  public void begin(long step, boolean last, Tensor weights) {
    if (meet(step, last)) sent += out.stream().mapToLong(Tensor::bytes).sum();
    if (step == 1 || meet(step - 1, false)) Raw.copy(weights.address(), start.address(), start.bytes());
    else if (!begun) communicator.allGather(start, shards);          // a checkpoint between two meetings
    begun = true;
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
    for (int r = 0; r < out.size(); r++) {
      if (r != communicator.rank()) encode(weights, shards.from(r), shards.size(r), out.get(r));
    }
    communicator.allToAll(out, in);
    blocks.each(momentum.size(), (from, count, at, arrays) -> update(weights, from, count, at, arrays));
    return true;
  }

  private void encode(Tensor weights, long first, long size, Tensor frames) {
    blocks.each(size, (from, count, at, arrays) -> {
      moved(weights, first + from, arrays[0], count, arrays[1]);
      CODEC.encode(arrays[0], count, blocks.frame(frames, at, count));
    });
  }

  /** w - a of this rank. */
  private void moved(Tensor weights, long from, float[] into, int count, float[] a) {
    weights.get(from, into, 0, count);
    start.get(from, a, 0, count);
    for (int i = 0; i < count; i++) into[i] -= a[i];
  }

  private void update(Tensor weights, long from, int count, long at, float[][] arrays) {
    float[] moved = arrays[0], a = arrays[1], m = arrays[2];
    long first = shards.from(communicator.rank());
    for (int r = 0; r < shards.worldSize(); r++) {
      float[] into = r == 0 ? moved : a;
      if (r == communicator.rank()) moved(weights, first + from, into, count, m);
      else blocks.decode(r, blocks.frame(in.get(r), at, count), into, count);
      for (int i = 0; r > 0 && i < count; i++) moved[i] += a[i];
    }
    start.get(first + from, a, 0, count);
    momentum.get(from, m, 0, count);
    float ranks = shards.worldSize(), rate = (float) recipe.rate(), mu = (float) recipe.momentum();
    for (int i = 0; i < count; i++) {
      float delta = -moved[i] / ranks;
      m[i] = mu * m[i] + delta;
      a[i] -= rate * (delta + mu * m[i]);
    }
    momentum.put(from, m, 0, count);
    start.put(first + from, a, 0, count);
    weights.put(first + from, a, 0, count);
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
    all.addAll(RankStates.ofShard("outer_start", owned, shard(start), shards.from(rank)));
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
