package dev.kindling.train.collective;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Adds a vector that each rank has over the ranks, in their order, for all of them: each sums a part, then all get all parts. */
final class RankSum implements AutoCloseable {
  private static final long ALIGNMENT = 16;      // elements
  private final Communicator communicator;
  private final Kernels kernels;
  private final Memory memory;                   // the others' parts of this rank's
  private long sent;

  /** @param most elements of the longest vector */
  RankSum(Communicator communicator, Kernels kernels, long most) {
    this.communicator = communicator;
    this.kernels = kernels;
    memory = Memory.allocate(Math.max(1, bytes(communicator.worldSize(), most)));
  }

  /** What it holds. */
  static long bytes(int worldSize, long most) {
    return (worldSize - 1) * (most / worldSize + 2 * ALIGNMENT) * Float.BYTES;
  }

  /** @param vector float32, overwritten by the sum */
  void sum(Tensor vector) {
    if (vector.size() == 0) return;
    int rank = communicator.rank(), ranks = communicator.worldSize();
    Shards shards = cut(vector.size(), ranks);
    Tensor mine = vector.slice(shards.from(rank), shards.size(rank));
    List<Tensor> out = new ArrayList<>(), in = new ArrayList<>();
    long next = memory.address();
    for (int r = 0; r < ranks; r++) {
      out.add(vector.slice(shards.from(r), r == rank ? 0 : shards.size(r)));
      in.add(Tensor.at(next, DType.FLOAT32, r == rank ? 0 : mine.size()));
      next += in.get(r).bytes();
    }
    communicator.allToAll(out, in);
    in.set(rank, mine);
    for (int r = 1; r < ranks; r++) kernels.add(in.get(r), in.get(0));
    if (rank > 0) Raw.copy(in.get(0).address(), mine.address(), mine.bytes());
    communicator.allGather(vector, shards);
    sent += vector.bytes() - mine.bytes() + (ranks - 1) * mine.bytes();
  }

  private static Shards cut(long size, int ranks) {
    long[] borders = new long[ranks + 1];
    for (int r = 0; r < ranks; r++) borders[r] = size / ALIGNMENT * r / ranks * ALIGNMENT;
    borders[ranks] = size;
    return new Shards(borders);
  }

  /** Bytes that this rank has sent. */
  long sent() {
    return sent;
  }

  @Override
  public void close() {
    memory.close();
  }
}
