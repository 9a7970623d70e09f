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
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Each rank adds the sums of its own virtual ranks and sends every owner that one's shard of it in a {@link Codec}'s blocks:
 *
 * <pre>
 *   x = g + e           g this rank's sum, e what it could not send before (zero without error feedback)
 *   c = decode(encode(x)),  e = x - c                        so that Σ over steps of c = Σ g - e
 *   owner: sum = Σ over ranks, in order, of c; of its own the exact x, so that e = 0
 * </pre>
 *
 * Where no rank has a label, g = 0 and the sum is of what was left over: the owner takes it as its own e, nothing is lost.
 *
 * @see Gradients.Coded
 */
final class CodedExchange implements GradientExchange {
  private final Codec codec;
  private final Communicator communicator;
  private final Shards shards;
  private final ParameterLayout layout;
  private final Kernels kernels;
  private final List<OwnedRange> owned;
  private final Memory memory;
  private final Tensor residual;                 // flat, or null
  private final List<Tensor> out = new ArrayList<>();
  private final List<Tensor> in = new ArrayList<>();
  private final CodedBlocks blocks;
  private long sent;

  CodedExchange(Codec codec, Communicator communicator, Shards shards, ParameterLayout layout, Kernels kernels) {
    this.codec = codec;
    this.communicator = communicator;
    this.shards = shards;
    this.layout = layout;
    this.kernels = kernels;
    int rank = communicator.rank();
    owned = OwnedRange.of(layout, shards.from(rank), shards.to(rank));
    blocks = new CodedBlocks(codec, kernels);
    memory = Memory.allocate(Math.max(1, bytes(codec, shards, layout.size(), rank)));
    long next = memory.address();
    residual = codec.feedsBack() ? Tensor.at(next, DType.FLOAT32, layout.size()) : null;
    if (residual != null) {
      Raw.zero(next, residual.bytes());
      next += residual.bytes();
    }
    for (int r = 0; r < shards.worldSize(); r++) {
      out.add(Tensor.at(next, DType.INT32, r == rank ? 0 : CodedBlocks.words(codec, shards.size(r))));
      next += out.get(r).bytes();
      in.add(Tensor.at(next, DType.INT32, r == rank ? 0 : CodedBlocks.words(codec, shards.size(rank))));
      next += in.get(r).bytes();
    }
  }

  /** What the rank that needs the most holds. @param elements of the flat vector */
  static long bytes(Codec codec, Shards shards, long elements) {
    long most = 0;
    for (int rank = 0; rank < shards.worldSize(); rank++) {
      most = Math.max(most, bytes(codec, shards, elements, rank));
    }
    return most;
  }

  private static long bytes(Codec codec, Shards shards, long elements, int rank) {
    return (codec.feedsBack() ? elements * Float.BYTES : 0) + CodedBlocks.bytes(codec, shards, rank);
  }

  @Override
  public List<OwnedRange> owned() {
    return owned;
  }

  @Override
  public Reduction reduce(List<Contribution> mine, Tensor sum) {
    return new AfterBackward(communicator, () -> exchange(mine, sum));
  }

  private void exchange(List<Contribution> mine, Tensor sum) {
    Tensor own = AfterBackward.ownSum(mine, kernels);
    for (int r = 0; r < shards.worldSize(); r++) {
      if (r == communicator.rank()) continue;
      encode(own.slice(shards.from(r), shards.size(r)), shards.from(r), out.get(r));
      sent += out.get(r).bytes();
    }
    communicator.allToAll(out, in);
    add(own, sum);
  }

  private void encode(Tensor gradients, long first, Tensor frames) {
    blocks.each(gradients.size(), (from, count, at, arrays) -> {
      float[] x = arrays[0], said = arrays[1];
      gradients.get(from, x, 0, count);
      if (residual != null) {
        residual.get(first + from, said, 0, count);
        for (int i = 0; i < count; i++) x[i] += said[i];
      }
      ByteBuffer frame = blocks.frame(frames, at, count);
      codec.encode(x, count, frame);
      if (residual == null) return;
      codec.decode(frame, said, count);
      for (int i = 0; i < count; i++) x[i] -= said[i];
      residual.put(first + from, x, 0, count);
    });
  }

  private void add(Tensor own, Tensor sum) {
    int rank = communicator.rank();
    long first = shards.from(rank);
    blocks.each(shards.size(rank), (from, count, at, arrays) -> {
      float[] all = arrays[0], one = arrays[1];
      for (int r = 0; r < shards.worldSize(); r++) {
        float[] into = r == 0 ? all : one;
        if (r == rank) exact(own, first + from, into, count, arrays[2]);
        else blocks.decode(r, blocks.frame(in.get(r), at, count), into, count);
        for (int i = 0; r > 0 && i < count; i++) all[i] += one[i];
      }
      sum.put(first + from, all, 0, count);
    });
  }

  /** What this rank has of its own shard, and nothing of it is left over. */
  private void exact(Tensor own, long at, float[] into, int count, float[] kept) {
    own.get(at, into, 0, count);
    if (residual == null) return;
    residual.get(at, kept, 0, count);
    for (int i = 0; i < count; i++) into[i] += kept[i];
    Raw.zero(residual.address() + at * Float.BYTES, (long) count * Float.BYTES);
  }

  @Override
  public void keep(Tensor sum) {
    if (residual == null) return;
    long at = shards.from(communicator.rank()) * Float.BYTES;
    Raw.copy(sum.address() + at, residual.address() + at, shards.size(communicator.rank()) * Float.BYTES);
  }

  @Override
  public long sent() {
    return sent;
  }

  @Override
  public List<Optimizer.State> states(Tensor weights) {
    return residual == null ? List.of() : RankStates.ofRank(communicator.rank(), "residual", layout, residual);
  }

  @Override
  public void close() {
    memory.close();
  }
}
