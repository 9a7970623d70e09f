package dev.kindling.train.collective;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Ranks that are threads of one JVM and read each other's memory: for tests, and where one process has several models. */
public final class InProcess implements Communicator {
  private static final int PIECE = 1 << 20;      // elements
  private final int rank;
  private final Meeting meeting;
  private final TreeSum tree;

  private InProcess(int rank, Meeting meeting, TreeSum tree) {
    this.rank = rank;
    this.meeting = meeting;
    this.tree = tree;
  }

  /** All ranks of a run over {@code virtualRanks}; each belongs to one thread. */
  public static List<InProcess> ranks(int worldSize, int virtualRanks) {
    Meeting meeting = new Meeting(worldSize);
    VirtualRankTree tree = new VirtualRankTree(virtualRanks);
    List<VirtualRankTree.Node> contributed = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      contributed.addAll(tree.maximalSubtrees(tree.range(rank, worldSize)));
    }
    List<InProcess> ranks = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      ranks.add(new InProcess(rank, meeting, new TreeSum(tree, contributed)));
    }
    return ranks;
  }

  @Override
  public int rank() {
    return rank;
  }

  @Override
  public int worldSize() {
    return meeting.worldSize;
  }

  @Override
  public Reduction reduce(List<Contribution> mine, Shards shards, Tensor sum) {
    return new Copied(mine, shards, sum);
  }

  /** Takes what is said to be complete at once, so that what changes afterwards shows in the sums. */
  private final class Copied implements Reduction {
    private final List<Contribution> mine;
    private final Shards shards;
    private final Tensor sum;
    private final List<Memory> taken = new ArrayList<>();
    private long complete;

    Copied(List<Contribution> mine, Shards shards, Tensor sum) {
      this.mine = mine;
      this.shards = shards;
      this.sum = sum;
      this.complete = sum.size();
      for (int i = 0; i < mine.size(); i++) taken.add(Memory.allocate(Math.max(1, sum.bytes())));
    }

    @Override
    public void complete(long from) {
      if (from > complete) throw new IllegalArgumentException(from + " after " + complete);
      for (int i = 0; i < mine.size(); i++) {
        Raw.copy(mine.get(i).sum().address() + from * Float.BYTES, taken.get(i).address() + from * Float.BYTES,
            (complete - from) * Float.BYTES);
      }
      complete = from;
    }

    @Override
    public void meet() {
      complete(0);
    }

    @Override
    public void finish() {
      complete(0);
      List<Tensor> own = taken.stream().map(m -> Tensor.at(m.address(), DType.FLOAT32, sum.size())).toList();
      List<Tensor> parts = meeting.exchange(rank, own).stream().flatMap(List::stream).toList();
      for (long from = shards.from(rank); from < shards.to(rank); from += PIECE) {
        tree.sum(parts, sum, from, (int) Math.min(PIECE, shards.to(rank) - from));
      }
      meeting.exchange(rank, own);               // nobody frees a buffer that another still reads
    }

    @Override
    public void close() {
      taken.forEach(Memory::close);
    }
  }

  @Override
  public void allGather(Tensor flat, Shards shards) {
    List<Tensor> all = meeting.exchange(rank, flat);
    for (int owner = 0; owner < all.size(); owner++) {
      if (owner == rank) continue;
      long from = shards.from(owner) * Float.BYTES;
      Raw.copy(all.get(owner).address() + from, flat.address() + from, shards.size(owner) * Float.BYTES);
    }
    meeting.exchange(rank, flat);
  }

  @Override
  public void allToAll(List<Tensor> out, List<Tensor> in) {
    List<List<Tensor>> all = meeting.exchange(rank, out);
    for (int from = 0; from < all.size(); from++) {
      if (from == rank) continue;
      Tensor theirs = all.get(from).get(rank);
      if (theirs.bytes() != in.get(from).bytes()) throw new IllegalStateException(theirs + " is not " + in.get(from));
      Raw.copy(theirs.address(), in.get(from).address(), theirs.bytes());
    }
    meeting.exchange(rank, out);
  }

  @Override
  public List<byte[]> allGather(byte[] mine) {
    return meeting.exchange(rank, mine);
  }

  @Override
  public void abort(String why) {
    meeting.abort(why);
  }

  @Override
  public void close() {
  }

  /** Where ranks wait for each other. */
  private static final class Meeting {
    private final int worldSize;
    private Object[] arriving;
    private int arrived;
    private String aborted;
    private Object[] complete;
    private long meetings;

    Meeting(int worldSize) {
      this.worldSize = worldSize;
      this.arriving = new Object[worldSize];
    }

    /** @return what every rank brought to this meeting, by rank */
    synchronized <T> List<T> exchange(int rank, T mine) {
      check();
      arriving[rank] = mine;
      long meeting = meetings;
      if (++arrived == worldSize) {
        complete = arriving;
        arriving = new Object[worldSize];
        arrived = 0;
        meetings++;
        notifyAll();
      }
      while (meetings == meeting) {
        check();
        try {
          wait();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new IllegalStateException("interrupted while waiting for the other ranks", e);
        }
      }
      // the next meeting cannot be complete before this rank has come to it
      return complete(complete);
    }

    /** All ranks make the same call in the same order, so that what they bring is of one type. */
    @SuppressWarnings("unchecked")
    private static <T> List<T> complete(Object[] all) {
      return (List<T>) Arrays.asList(all);
    }

    synchronized void abort(String why) {
      if (aborted == null) aborted = why;
      notifyAll();
    }

    private void check() {
      if (aborted != null) throw new IllegalStateException("aborted: " + aborted);
    }
  }
}
