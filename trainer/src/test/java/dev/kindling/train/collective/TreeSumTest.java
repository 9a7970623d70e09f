package dev.kindling.train.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.collective.VirtualRankTree.Node;
import dev.kindling.train.tensor.Arena;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TreeSumTest {
  /** The tree written as a recursion over values, not as a plan. */
  private static float oracle(Node node, float[] leaves) {
    return node.isLeaf() ? leaves[node.from()] : oracle(node.left(), leaves) + oracle(node.right(), leaves);
  }

  @ParameterizedTest
  @CsvSource({"1,1", "8,1", "8,2", "8,3", "8,5", "8,8", "6,1", "6,2", "6,3", "6,5", "7,4", "13,5"})
  void anySplitOfTheVirtualRanksGivesTheBitsOfTheTree(int virtualRanks, int worldSize) {
    int n = 5003;                                // more than one block, and a tail
    SplittableRandom random = new SplittableRandom(7);
    float[][] leaves = new float[n][virtualRanks];
    for (float[] row : leaves) {
      for (int v = 0; v < virtualRanks; v++) row[v] = (float) Math.scalb(random.nextDouble() - 0.5, random.nextInt(20));
    }
    VirtualRankTree tree = new VirtualRankTree(virtualRanks);
    List<Node> nodes = new ArrayList<>();
    for (int r = 0; r < worldSize; r++) nodes.addAll(tree.maximalSubtrees(tree.range(r, worldSize)));
    try (Arena arena = new Arena()) {
      List<Tensor> parts = new ArrayList<>();
      for (Node node : nodes) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) values[i] = oracle(node, leaves[i]);
        Tensor part = arena.take(DType.FLOAT32, n);
        part.put(0, values, 0, n);
        parts.add(part);
      }
      TreeSum sum = new TreeSum(tree, nodes);
      Tensor last = parts.get(parts.size() - 1);   // in place of a part
      sum.sum(parts, last, 0, 4000);
      sum.sum(parts, last, 4000, n - 4000);
      float[] got = last.toFloats();
      for (int i = 0; i < n; i++) assertThat(got[i]).isEqualTo(oracle(tree.root(), leaves[i]));
    }
  }

  @Test
  void partsThatAreNotTheTreeAreRefused() {
    VirtualRankTree tree = new VirtualRankTree(8);
    assertThatThrownBy(() -> new TreeSum(tree, List.of(new Node(0, 3), new Node(3, 8))))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new TreeSum(tree, List.of(new Node(0, 4)))).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new TreeSum(tree, List.of(new Node(0, 8), new Node(0, 8))))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
