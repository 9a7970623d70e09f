package dev.kindling.train.collective;

import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.LongConsumer;

/**
 * Adds up the gradients of a rank's own virtual ranks, as far as it may: one sum for each maximal whole subtree. Two
 * siblings are added as soon as both are there, so that no more buffers exist than the tree is deep plus the sums that wait
 * for their owners; the buffers are taken once and used again in every step.
 */
public final class SubtreeSums implements AutoCloseable {
  /** Makes the gradients of one virtual rank. */
  @FunctionalInterface
  public interface Leaf {
    /**
     * @param gradients flat, to be written: they hold what an earlier leaf left, or zeros
     * @param complete may be told, with ever smaller numbers, from which element on nothing is added any more
     */
    void accumulate(int virtualRank, Tensor gradients, LongConsumer complete);
  }

  /** Takes the sums while they are made. */
  public interface Receiver {
    /** All sums but the last are complete. */
    void begin(List<Contribution> sums);

    /** The elements of the last sum from {@code from} on are complete too; {@code from} becomes ever smaller, and 0 in the end. */
    void complete(long from);
  }

  private static final long ALIGNMENT = 64;                // bytes
  private final Kernels kernels;
  private final List<VirtualRankTree.Node> subtrees;
  private final Memory memory;                   // of all buffers: either all of them are there or none is
  private final Deque<Tensor> free = new ArrayDeque<>();

  /** @param elements of a flat vector; @param range the virtual ranks of this rank */
  public SubtreeSums(Kernels kernels, long elements, VirtualRankTree tree, VirtualRankTree.Node range) {
    this.kernels = kernels;
    this.subtrees = tree.maximalSubtrees(range);
    int buffers = buffers(tree, range);
    memory = Memory.allocate(bytes(elements, buffers));
    for (int i = 0; i < buffers; i++) {
      free.push(Tensor.at(memory.address() + i * bufferBytes(elements), DType.FLOAT32, elements));
    }
  }

  /** What so many buffers take. */
  public static long bytes(long elements, int buffers) {
    return Math.max(1, bufferBytes(elements) * buffers);
  }

  private static long bufferBytes(long elements) {
    return (elements * Float.BYTES + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** How many gradient buffers a rank with these virtual ranks holds at most: a plan of its memory counts them. */
  public static int buffers(VirtualRankTree tree, VirtualRankTree.Node range) {
    int waiting = 0;
    int most = 0;
    for (VirtualRankTree.Node subtree : tree.maximalSubtrees(range)) {
      most = Math.max(most, waiting + depth(subtree));
      waiting++;
    }
    return most;
  }

  /** The most buffers that any rank of a run holds. */
  public static int buffers(int virtualRanks, int worldSize) {
    VirtualRankTree tree = new VirtualRankTree(virtualRanks);
    int most = 0;
    for (int rank = 0; rank < worldSize; rank++) most = Math.max(most, buffers(tree, tree.range(rank, worldSize)));
    return most;
  }

  private static int depth(VirtualRankTree.Node node) {
    return node.isLeaf() ? 1 : Math.max(depth(node.left()), 1 + depth(node.right()));
  }

  /** Runs every virtual rank of the range once, in order. The sums belong to this object: see {@link #release}. */
  public List<Contribution> sum(Leaf leaf) {
    return sum(leaf, new Receiver() {
      @Override
      public void begin(List<Contribution> sums) {       // who wants them all waits for the end
      }

      @Override
      public void complete(long from) {
      }
    });
  }

  /** The same, with somebody who takes them while they are made. */
  public List<Contribution> sum(Leaf leaf, Receiver receiver) {
    List<Contribution> sums = new ArrayList<>();
    for (VirtualRankTree.Node subtree : subtrees) {
      Tensor buffer = free.pop();
      sums.add(new Contribution(subtree, buffer));
      boolean last = sums.size() == subtrees.size();
      if (last) receiver.begin(List.copyOf(sums));
      sum(subtree, leaf, buffer, last ? receiver::complete : from -> {});
    }
    return sums;
  }

  private void sum(VirtualRankTree.Node node, Leaf leaf, Tensor into, LongConsumer complete) {
    if (node.isLeaf()) {
      leaf.accumulate(node.from(), into, complete);
      complete.accept(0);
    } else {
      sum(node.left(), leaf, into, from -> {});
      Tensor right = free.pop();
      sum(node.right(), leaf, right, new Addition(right, into, complete));
      free.push(right);
    }
  }

  /** Adds what is complete of the right child to the left, which has all of its own: so far the node is complete then. */
  private final class Addition implements LongConsumer {
    private final Tensor right;
    private final Tensor into;
    private final LongConsumer complete;
    private long done;

    Addition(Tensor right, Tensor into, LongConsumer complete) {
      this.right = right;
      this.into = into;
      this.complete = complete;
      done = into.size();
    }

    @Override
    public void accept(long from) {
      if (from == done) return;
      kernels.add(right.slice(from, done - from), into.slice(from, done - from));
      done = from;
      complete.accept(from);
    }
  }

  /** Takes the buffers of {@link #sum} back: their content is not needed any more. */
  public void release(List<Contribution> sums) {
    for (Contribution sum : sums) free.push(sum.sum());
  }

  @Override
  public void close() {
    free.clear();
    memory.close();
  }
}
