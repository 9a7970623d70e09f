package dev.kindling.train.collective;

import java.util.ArrayList;
import java.util.List;

/**
 * The one order in which the gradients of V virtual ranks are added, whoever computed them: a binary tree over 0..V-1 that
 * splits each range at the largest power of two below its length, ((0+1)+(2+3))+((4+5)+(6+7)) for V = 8. A rank holds a
 * contiguous range and may only add what is a whole subtree; the rest of the additions is the owners'.
 */
public final class VirtualRankTree {
  /** The virtual ranks [from, to) under one node. */
  public record Node(int from, int to) {
    public boolean isLeaf() {
      return to - from == 1;
    }

    public Node left() {
      return new Node(from, middle());
    }

    public Node right() {
      return new Node(middle(), to);
    }

    private int middle() {
      return from + Integer.highestOneBit(to - from - 1);
    }
  }

  private final int virtualRanks;

  public VirtualRankTree(int virtualRanks) {
    if (virtualRanks < 1) throw new IllegalArgumentException("no virtual ranks");
    this.virtualRanks = virtualRanks;
  }

  public Node root() {
    return new Node(0, virtualRanks);
  }

  /** The virtual ranks of one rank: contiguous, the first ranks hold one more where it does not divide. */
  public Node range(int rank, int worldSize) {
    int each = virtualRanks / worldSize;
    int more = virtualRanks % worldSize;
    int from = rank * each + Math.min(rank, more);
    return new Node(from, from + each + (rank < more ? 1 : 0));
  }

  /** The fewest whole subtrees that make up a range, in order: what a rank that holds it contributes. */
  public List<Node> maximalSubtrees(Node range) {
    List<Node> found = new ArrayList<>();
    collect(root(), range, found);
    return found;
  }

  private static void collect(Node node, Node range, List<Node> found) {
    if (node.to() <= range.from() || node.from() >= range.to()) return;
    if (range.from() <= node.from() && node.to() <= range.to()) {
      found.add(node);
    } else {
      collect(node.left(), range, found);
      collect(node.right(), range, found);
    }
  }
}
