package dev.kindling.train.collective;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Adds a vector that each rank has over the ranks, for all of them: each sums a part, its own first, then the others' in their order, and
 * all get all parts. What goes out and what comes back is bf16; the sums are float32.
 */
final class RankSum implements AutoCloseable {
  private static final long ALIGNMENT = 16;      // elements
  private final Communicator communicator;
  private final Kernels kernels;
  private final Memory memory;
  private final long whole;                      // address of the vector as it goes
  private final long parts;                      // address of the others' parts of this rank's
  private long sent;

  /** @param most elements of the longest vector */
  RankSum(Communicator communicator, Kernels kernels, long most) {
    this.communicator = communicator;
    this.kernels = kernels;
    memory = Memory.allocate(bytes(communicator.worldSize(), most));
    whole = memory.address();
    parts = whole + halves(most);
  }

  /** What it holds. */
  static long bytes(int worldSize, long most) {
    return halves(most) + (worldSize - 1) * halves(most / worldSize + 2 * ALIGNMENT);
  }

  private static long halves(long elements) {
    return (elements + ALIGNMENT) / ALIGNMENT * ALIGNMENT * DType.BFLOAT16.bytes();
  }

  private Tensor half(Tensor vector) {
    return Tensor.at(whole, DType.BFLOAT16, vector.size());
  }

  /**
   * @param vector float32, its size a multiple of two; overwritten by the sum
   * @param said out: what this rank has put into the sum. All ranks' together are what all get, nothing of the vectors more or less: a
   *        part's owner has in it what the part's sum lost on its way back
   */
  void sum(Tensor vector, Tensor said) {
    if (vector.size() == 0) return;
    int rank = communicator.rank(), ranks = communicator.worldSize();
    Shards shards = cut(vector.size(), ranks);
    Tensor mine = vector.slice(shards.from(rank), shards.size(rank)), half = half(vector);
    Tensor halfOfMine = half.slice(shards.from(rank), mine.size());
    List<Tensor> byOwner = new ArrayList<>(), mineByRank = new ArrayList<>(), in = new ArrayList<>();
    long next = parts;
    for (int r = 0; r < ranks; r++) {
      byOwner.add(words(half.slice(shards.from(r), r == rank ? 0 : shards.size(r))));
      mineByRank.add(words(halfOfMine.slice(0, r == rank ? 0 : mine.size())));
      in.add(words(Tensor.at(next, DType.BFLOAT16, r == rank ? 0 : mine.size())));
      next += in.get(r).bytes();
    }
    kernels.convert(vector, half);
    kernels.convert(half, said);
    kernels.convert(halfOfMine, mine);
    communicator.allToAll(byOwner, in);
    for (int r = 0; r < ranks; r++) {
      if (r != rank) kernels.add(Tensor.at(in.get(r).address(), DType.BFLOAT16, mine.size()), mine);
    }
    kernels.convert(mine, halfOfMine);
    Tensor saidOfMine = said.slice(shards.from(rank), mine.size());
    kernels.scale(mine, -1, mine);
    kernels.add(mine, saidOfMine);
    kernels.add(halfOfMine, saidOfMine);
    communicator.allToAll(mineByRank, byOwner);
    kernels.convert(half, vector);
    sent += half.bytes() - halfOfMine.bytes() + (ranks - 1) * halfOfMine.bytes();
  }

  /** Two values in each: what ranks send each other are elements of four bytes. */
  private static Tensor words(Tensor halves) {
    return Tensor.at(halves.address(), DType.INT32, halves.size() / 2);
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
