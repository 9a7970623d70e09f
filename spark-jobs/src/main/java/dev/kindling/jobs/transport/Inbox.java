package dev.kindling.jobs.transport;

import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Where peers' contributions to this rank's shard come to: memory that is kept between calls. */
public final class Inbox implements AutoCloseable {
  private static final int ALIGNMENT = 16;       // elements: every part starts a cache line
  private final int rank;
  private final int worldSize;
  private final VirtualRankTree tree;
  private Memory memory;

  Inbox(int rank, int worldSize, VirtualRankTree tree) {
    this.rank = rank;
    this.worldSize = worldSize;
    this.tree = tree;
  }

  /** What it takes, for the rank that needs the most. @param size of the shard, in elements */
  public static long bytes(VirtualRankTree tree, int worldSize, long size) {
    long most = 0;
    for (int rank = 0; worldSize > 1 && rank < worldSize; rank++) {
      most = Math.max(most, new Inbox(rank, worldSize, tree).bytes(size));
    }
    return most;
  }

  private long bytes(long size) {
    long parts = 0;
    for (int r = 0; r < worldSize; r++) if (r != rank) parts += parts(r);
    return Math.max(1, Math.multiplyExact(parts * Float.BYTES, aligned(size)));
  }

  /** Vectors that a rank sends. */
  private int parts(int from) {
    return tree.maximalSubtrees(tree.range(from, worldSize)).size();
  }

  private static long aligned(long size) {
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** The parts by rank, none of this one's. @param size of the shard, in elements */
  List<List<Tensor>> of(long size) {
    long bytes = bytes(size);
    if (memory == null || memory.bytes() < bytes) {
      close();
      memory = Memory.allocate(bytes);
    }
    List<List<Tensor>> byRank = new ArrayList<>();
    long next = memory.address();
    for (int r = 0; r < worldSize; r++) {
      List<Tensor> of = new ArrayList<>();
      for (int i = 0; r != rank && i < parts(r); i++) {
        of.add(Tensor.at(next, DType.FLOAT32, size));
        next += aligned(size) * Float.BYTES;
      }
      byRank.add(of);
    }
    return byRank;
  }

  @Override
  public void close() {
    if (memory != null) memory.close();
    memory = null;
  }
}
