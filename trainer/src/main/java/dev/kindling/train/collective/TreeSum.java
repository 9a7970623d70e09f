package dev.kindling.train.collective;

import dev.kindling.train.tensor.Tensor;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Adds contributions in the order of {@link VirtualRankTree}, whatever their number and wherever they came from: what a
 * rank already added below its own subtrees and what this class adds above them are together the one tree, so the sum has
 * the same bits for any split of the virtual ranks over ranks.
 *
 * <pre>
 *   V = 8 on three ranks: [0,2) [2,3) | [3,4) [4,6) | [6,8)   →   ([0,2) + ([2,3) + [3,4))) + ([4,6) + [6,8))
 * </pre>
 */
public final class TreeSum {
  private static final int BLOCK = 2048;         // floats: all blocks of a sum stay in the first two caches

  private record Addition(int to, int from) {}

  private final List<Addition> additions = new ArrayList<>();
  private final float[][] blocks;

  /** @param parts the nodes that are added, in order; together they cover the tree's root exactly */
  public TreeSum(VirtualRankTree tree, List<VirtualRankTree.Node> parts) {
    if (plan(tree.root(), parts, 0) != parts.size()) {
      throw new IllegalArgumentException(parts + " is more than " + tree.root());
    }
    blocks = new float[parts.size()][BLOCK];
  }

  /** Plans the additions below a node whose first part is {@code next}. @return the first part after it */
  private int plan(VirtualRankTree.Node node, List<VirtualRankTree.Node> parts, int next) {
    if (next >= parts.size()) throw new IllegalArgumentException(parts + " does not cover " + node);
    if (parts.get(next).equals(node)) return next + 1;
    if (node.isLeaf()) throw new IllegalArgumentException(parts.get(next) + " is no subtree at " + node);
    int middle = plan(node.left(), parts, next);
    int end = plan(node.right(), parts, middle);
    additions.add(new Addition(next, middle));
    return end;
  }

  /**
   * sum[i] = the tree over all parts[·][i], for i in [from, from + count).
   *
   * @param parts float32, as many as there are nodes; @param sum float32, may be one of the parts
   */
  public void sum(List<Tensor> parts, Tensor sum, long from, int count) {
    if (parts.size() != blocks.length)
      throw new IllegalArgumentException(parts.size() + " parts, not " + blocks.length);
    FloatBuffer[] in = new FloatBuffer[blocks.length];
    for (int i = 0; i < in.length; i++) in[i] = parts.get(i).buffer(from, count).asFloatBuffer();
    FloatBuffer out = sum.buffer(from, count).asFloatBuffer();
    for (int at = 0; at < count; at += BLOCK) {
      int n = Math.min(BLOCK, count - at);
      for (int i = 0; i < in.length; i++) in[i].get(blocks[i], 0, n);
      for (Addition a : additions) add(blocks[a.to()], blocks[a.from()], n);
      out.put(blocks[0], 0, n);
    }
  }

  private static void add(float[] to, float[] from, int n) {
    for (int i = 0; i < n; i++) to[i] += from[i];
  }
}
