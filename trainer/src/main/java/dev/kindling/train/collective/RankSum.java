package dev.kindling.train.collective;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Adds a vector that each rank has over the ranks, for all of them: each sums a part, its own first, then the others' in their order, and
 * all get all parts. What goes out and what comes back are a {@link Codec}'s blocks; the sums are float32.
 */
final class RankSum implements AutoCloseable {
  private final Codec codec;
  private final Communicator communicator;
  private final CodedBlocks blocks;
  private final Memory memory;
  private final long whole;                      // address of the vector as it goes
  private final long parts;                      // address of the others' parts of this rank's
  private long sent;

  /** @param most elements of the longest vector */
  RankSum(Codec codec, Communicator communicator, Kernels kernels, long most) {
    this.codec = codec;
    this.communicator = communicator;
    blocks = new CodedBlocks(codec, kernels);
    memory = Memory.allocate(Math.max(1, bytes(codec, communicator.worldSize(), most)));
    whole = memory.address();
    parts = whole + codec.total(most);
  }

  /** What it holds. */
  static long bytes(Codec codec, int worldSize, long most) {
    return codec.total(most) + (worldSize - 1) * codec.total(most / worldSize + 2 * Codec.BLOCK);
  }

  /**
   * @param vector float32; overwritten by the sum
   * @param said out: what this rank has put into the sum. All ranks' together are what all get, nothing of the vectors more or less: a
   *        part's owner has in it what the part's sum lost on its way back
   */
  void sum(Tensor vector, Tensor said) {
    int rank = communicator.rank(), ranks = communicator.worldSize();
    Shards shards = cut(vector.size(), ranks);
    List<Tensor> frames = new ArrayList<>(), byOwner = new ArrayList<>(), mineByRank = new ArrayList<>();
    List<Tensor> in = new ArrayList<>();
    long next = parts;
    for (int r = 0; r < ranks; r++) frames.add(frames(whole + codec.total(shards.from(r)), shards.size(r)));
    for (int r = 0; r < ranks; r++) {
      byOwner.add(r == rank ? frames(whole, 0) : frames.get(r));
      mineByRank.add(r == rank ? frames(whole, 0) : frames.get(rank));
      in.add(frames(next, r == rank ? 0 : shards.size(rank)));
      next += in.get(r).bytes();
    }
    for (int r = 0; r < ranks; r++)
      if (r != rank) encode(part(vector, shards, r), frames.get(r), part(said, shards, r));
    communicator.allToAll(byOwner, in);
    add(part(vector, shards, rank), in, frames.get(rank), part(said, shards, rank));
    communicator.allToAll(mineByRank, byOwner);
    for (int r = 0; r < ranks; r++) if (r != rank) decode(r, frames.get(r), part(vector, shards, r));
    for (int r = 0; r < ranks; r++) sent += byOwner.get(r).bytes() + mineByRank.get(r).bytes();
  }

  private Tensor frames(long address, long values) {
    return Tensor.at(address, DType.INT32, CodedBlocks.words(codec, values));
  }

  private static Tensor part(Tensor vector, Shards shards, int rank) {
    return vector.slice(shards.from(rank), shards.size(rank));
  }

  private void encode(Tensor values, Tensor frames, Tensor said) {
    blocks.each(values.size(), (from, count, at, arrays) -> {
      values.get(from, arrays[0], 0, count);
      ByteBuffer frame = blocks.frame(frames, at, count);
      codec.encode(arrays[0], count, frame);
      codec.decode(frame, arrays[1], count);
      said.put(from, arrays[1], 0, count);
    });
  }

  private void decode(int rank, Tensor frames, Tensor values) {
    blocks.each(values.size(), (from, count, at, arrays) -> {
      blocks.decode(rank, blocks.frame(frames, at, count), arrays[0], count);
      values.put(from, arrays[0], 0, count);
    });
  }

  /** @param mine this rank's part, overwritten by what all get of its sum */
  private void add(Tensor mine, List<Tensor> others, Tensor frames, Tensor said) {
    blocks.each(mine.size(), (from, count, at, arrays) -> {
      float[] own = arrays[0], sum = arrays[1], one = arrays[2];
      mine.get(from, own, 0, count);
      System.arraycopy(own, 0, sum, 0, count);
      for (int r = 0; r < others.size(); r++) {
        if (r == communicator.rank()) continue;
        blocks.decode(r, blocks.frame(others.get(r), at, count), one, count);
        for (int i = 0; i < count; i++) sum[i] += one[i];
      }
      ByteBuffer frame = blocks.frame(frames, at, count);
      codec.encode(sum, count, frame);
      codec.decode(frame, one, count);
      for (int i = 0; i < count; i++) own[i] += one[i] - sum[i];
      said.put(from, own, 0, count);
      mine.put(from, one, 0, count);
    });
  }

  /** Parts of whole blocks, but for the last. */
  private static Shards cut(long size, int ranks) {
    long[] borders = new long[ranks + 1];
    for (int r = 0; r < ranks; r++) borders[r] = size / Codec.BLOCK * r / ranks * Codec.BLOCK;
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
