package dev.kindling.train.collective;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Brings every owner's new weights to all ranks. Weights that are only ever used as bf16 may come as bf16, half of the bytes: the owner
 * keeps its float32 masters, the others get what the owner's products use, and rounding what is rounded changes nothing, so all compute
 * with the same bits. Then {@link #masters} brings the masters themselves, to all or to who stores them.
 *
 * <pre>
 *   flat     shard 0: embedding, matrix, vectors │ shard 1: matrix, ...          float32, the layout's order
 *   packed   shard 0: f32        bf16    f32     │ shard 1: bf16    ...          the same order, no gaps
 * </pre>
 */
public final class GatheredWeights {
  /** Elements [from, from + size) of the flat vector, at element {@code at} of the packed one. */
  private record Run(long from, long size, boolean rounded, long at) {
    /** Elements of the packed vector, which are 4 bytes. */
    long packed() {
      return rounded ? size / 2 : size;          // even: what starts a parameter or a block is a multiple of 64
    }

    Run and(long more) {
      return new Run(from, size + more, rounded, at);
    }
  }

  /** Elements between two parameters. */
  private record Gap(long from, long size) {}

  private final Communicator communicator;
  private final Kernels kernels;
  private final Shards shards;
  private final Shards packed;
  private final List<List<Run>> runs = new ArrayList<>();  // by owner
  private final List<Gap> gaps;                  // that the packed vector spoils where it lies in a flat one
  private boolean apart;                         // whether other ranks' shards here are not their masters

  /** @param rounded parameters whose values are used as bf16 and in no other way */
  public GatheredWeights(Communicator communicator, Shards shards, ParameterLayout layout, Predicate<Parameter> rounded,
      Kernels kernels) {
    this.communicator = communicator;
    this.kernels = kernels;
    this.shards = shards;
    long[] borders = new long[shards.worldSize() + 1];
    for (int owner = 0; owner < shards.worldSize(); owner++) {
      runs.add(runs(layout, rounded, shards.from(owner), shards.to(owner), borders[owner]));
      borders[owner + 1] = borders[owner] + runs.get(owner).stream().mapToLong(Run::packed).sum();
    }
    packed = new Shards(borders);
    gaps = gaps(layout, borders[shards.worldSize()]);
  }

  private static List<Gap> gaps(ParameterLayout layout, long to) {
    List<Gap> found = new ArrayList<>();
    List<Parameter> all = layout.parameters();
    for (int i = 0; i < all.size(); i++) {
      long start = all.get(i).offset() + all.get(i).size();
      long end = Math.min(to, i + 1 < all.size() ? all.get(i + 1).offset() : layout.size());
      if (start < end) found.add(new Gap(start, end - start));
    }
    return found;
  }

  private static List<Run> runs(ParameterLayout layout, Predicate<Parameter> rounded, long from, long to, long at) {
    List<Run> found = new ArrayList<>();
    List<Parameter> all = layout.parameters();
    for (int i = 0; i < all.size(); i++) {
      long start = Math.max(from, all.get(i).offset());
      long end = Math.min(to, i + 1 < all.size() ? all.get(i + 1).offset() : layout.size());
      if (start >= end) continue;
      boolean narrow = rounded.test(all.get(i));
      Run last = found.isEmpty() ? null : found.get(found.size() - 1);
      if (last != null && last.rounded == narrow) found.set(found.size() - 1, last.and(end - start));
      else found.add(new Run(start, end - start, narrow, last == null ? at : last.at + last.packed()));
    }
    return found;
  }

  /** Bytes that all owners' shards are on their way. */
  public long bytes() {
    return packed.to(packed.worldSize() - 1) * Float.BYTES;
  }

  /**
   * After an update of each owner's shard.
   *
   * @param weights flat float32; of other ranks' shards it then has what is computed with
   * @param scratch as large, and spoilt, but for the zeros between parameters: gradients may be summed in it next
   */
  public void gather(Tensor weights, Tensor scratch) {
    if (communicator.worldSize() == 1 || bytes() == weights.bytes()) {
      communicator.allGather(weights, shards);
      return;
    }
    int rank = communicator.rank();
    for (Run run : runs.get(rank)) move(run, weights, scratch, true);
    communicator.allGather(scratch.slice(0, packed.to(packed.worldSize() - 1)), packed);
    for (int owner = 0; owner < shards.worldSize(); owner++) {
      if (owner == rank) continue;
      for (Run run : runs.get(owner)) move(run, weights, scratch, false);
    }
    for (Gap gap : gaps) kernels.pool().zero(scratch.address() + gap.from * Float.BYTES, gap.size * Float.BYTES);
    apart = true;
  }

  private void move(Run run, Tensor weights, Tensor scratch, boolean out) {
    Tensor wide = weights.slice(run.from, run.size);
    long at = scratch.address() + run.at * Float.BYTES;
    if (run.rounded) {
      Tensor narrow = Tensor.at(at, DType.BFLOAT16, run.size);
      kernels.convert(out ? wide : narrow, out ? narrow : wide);
    } else {
      kernels.pool().copy(out ? wide.address() : at, out ? at : wide.address(), wide.bytes());
    }
  }

  /** Where they are not here already: every rank gets the float32 masters of all; all ranks call it at the same time. */
  public void masters(Tensor weights) {
    if (apart) communicator.allGather(weights, shards);
    apart = false;
  }

  /**
   * The same of what each rank stores, and no more; what it has of all others stays what it computes with.
   *
   * @param storing the ranges that ranks store
   */
  public void masters(Tensor weights, Shards storing) {
    if (!apart) return;
    int rank = communicator.rank();
    List<Tensor> out = new ArrayList<>(), in = new ArrayList<>();
    for (int r = 0; r < shards.worldSize(); r++) {
      out.add(r == rank ? weights.slice(0, 0) : both(weights, rank, r, storing));
      in.add(r == rank ? weights.slice(0, 0) : both(weights, r, rank, storing));
    }
    communicator.allToAll(out, in);
  }

  /** What one rank owns and another one stores. */
  private Tensor both(Tensor weights, int owner, int storer, Shards storing) {
    long from = Math.max(shards.from(owner), storing.from(storer));
    long to = Math.min(shards.to(owner), storing.to(storer));
    return from < to ? weights.slice(from, to - from) : weights.slice(0, 0);
  }
}
