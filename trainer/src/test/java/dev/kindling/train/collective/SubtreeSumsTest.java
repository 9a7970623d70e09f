package dev.kindling.train.collective;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import java.util.Random;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SubtreeSumsTest {
  private static final int ELEMENTS = 5_000;

  @ParameterizedTest
  @CsvSource({"8,1", "8,2", "8,3", "8,8", "6,1", "6,4", "5,1", "5,2", "5,3", "1,1", "7,5"})
  void everyRankGetsTheSumThatTheTreeSaysBitForBit(int virtualRanks, int worldSize) {
    Shards shards = new Shards(borders(worldSize));
    float[] sum = new float[ELEMENTS];
    List<InProcess> ranks = InProcess.ranks(worldSize, virtualRanks);
    Ranks.run(worldSize, rank -> {
      VirtualRankTree tree = new VirtualRankTree(virtualRanks);
      try (Kernels kernels = PlainKernels.of(1);
          Memory out = Memory.allocate(ELEMENTS * 4L);
          SubtreeSums sums = new SubtreeSums(kernels, ELEMENTS, tree, tree.range(rank, worldSize))) {
        Tensor mine = Tensor.at(out.address(), DType.FLOAT32, ELEMENTS);
        for (int step = 0; step < 2; step++) {               // the second uses the buffers again
          Leaving leaving = new Leaving(ranks.get(rank), shards, mine);
          List<Communicator.Contribution> given = sums.sum(SubtreeSumsTest::writeRandom, leaving);
          leaving.finish();
          sums.release(given);
        }
        mine.get(shards.from(rank), sum, (int) shards.from(rank), (int) shards.size(rank));
      }
    });
    assertThat(sum).isEqualTo(byTheTree(new VirtualRankTree(virtualRanks).root()));
  }

  private static long[] borders(int worldSize) {
    long[] borders = new long[worldSize + 1];
    for (int i = 0; i <= worldSize; i++) borders[i] = (long) ELEMENTS * i / worldSize;
    return borders;
  }

  private static float[] random(int virtualRank) {
    Random random = new Random(virtualRank);
    float[] values = new float[ELEMENTS];
    for (int i = 0; i < ELEMENTS; i++) values[i] = (float) random.nextGaussian();
    return values;
  }

  /** From the end on, over whatever is there, and in between tells how far it is. */
  private static void writeRandom(int virtualRank, Tensor gradients, LongConsumer complete) {
    float[] values = random(virtualRank);
    for (int i = ELEMENTS - 1; i >= 0; i--) {
      if (i % 701 == 0 && i > 0) {
        gradients.put(i, values, i, ELEMENTS - i);
        complete.accept(i);
      }
    }
    gradients.put(0, values, 0, ELEMENTS);
  }

  /** Sums that leave while they are made; the communicator takes what is said to be complete at once. */
  private static final class Leaving implements SubtreeSums.Receiver {
    private final Communicator communicator;
    private final Shards shards;
    private final Tensor sum;
    private Communicator.Reduction reduction;
    private long told = ELEMENTS;

    Leaving(Communicator communicator, Shards shards, Tensor sum) {
      this.communicator = communicator;
      this.shards = shards;
      this.sum = sum;
    }

    @Override
    public void begin(List<Communicator.Contribution> sums) {
      reduction = communicator.reduce(sums, shards, sum);
    }

    @Override
    public void complete(long from) {
      assertThat(from).isLessThanOrEqualTo(told);
      told = from;
      reduction.complete(from);
    }

    void finish() {
      assertThat(told).isZero();
      reduction.finish();
      reduction.close();
    }
  }

  private static float[] byTheTree(VirtualRankTree.Node node) {
    if (node.isLeaf()) return random(node.from());
    float[] left = byTheTree(node.left());
    float[] right = byTheTree(node.right());
    for (int i = 0; i < ELEMENTS; i++) left[i] += right[i];
    return left;
  }

  @Test
  void oneVirtualRankARankNeedsOneBufferAndAllOfThemNoMoreThanTheTreeIsDeep() {
    assertThat(SubtreeSums.buffers(8, 8)).isEqualTo(1);
    assertThat(SubtreeSums.buffers(8, 1)).isEqualTo(4);
    assertThat(SubtreeSums.buffers(8, 2)).isEqualTo(3);
    for (int v = 1; v <= 64; v++) {
      for (int w = 1; w <= v; w++) {
        int bound = Math.max(1, 2 * (32 - Integer.numberOfLeadingZeros(v - 1)));
        assertThat(SubtreeSums.buffers(v, w)).as("V %d on %d ranks", v, w).isBetween(1, bound);
      }
    }
  }

  @Test
  void aPairwiseSumIsExactWhereEveryPartIs() {
    double[] values = new double[1_001];
    for (int i = 0; i < values.length; i++) values[i] = i;
    assertThat(PairwiseSum.of(values)).isEqualTo(500_500);
    assertThat(PairwiseSum.of(new double[0])).isZero();
  }
}
