package dev.kindling.jobs.transport;

import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.collective.VirtualRankTree.Node;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.tensor.Arena;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import java.util.SplittableRandom;

/** Vectors whose values repeat, so that large ones cost little to make and to check. */
final class Vectors {
  static final int PERIOD = 4099;

  private Vectors() {
  }

  /** Element i of virtual rank v in a round. */
  static float[] leaf(int v, int round) {
    SplittableRandom random = new SplittableRandom(v * 1000L + round);
    float[] values = new float[PERIOD];
    for (int i = 0; i < PERIOD; i++) values[i] = (float) Math.scalb(random.nextDouble() - 0.5, random.nextInt(12));
    return values;
  }

  static float[] sum(Node node, int round) {
    if (node.isLeaf()) return leaf(node.from(), round);
    float[] left = sum(node.left(), round);
    float[] right = sum(node.right(), round);
    for (int i = 0; i < PERIOD; i++) left[i] += right[i];
    return left;
  }

  static void fill(Tensor to, float[] period) {
    for (long at = 0; at < to.size(); at += PERIOD) to.put(at, period, 0, (int) Math.min(PERIOD, to.size() - at));
  }

  /** Ranks of one virtual rank each sum vectors and gather the sums. @return whether they are right at this rank, to the bit */
  static boolean sumRight(SparkCommunicator c, int size, int round) {
    VirtualRankTree tree = new VirtualRankTree(c.worldSize());
    try (Arena arena = new Arena()) {
      Tensor mine = arena.take(DType.FLOAT32, size);
      fill(mine, leaf(c.rank(), round));
      Shards shards = shards(size, c.worldSize());
      c.reduceScatter(List.of(new Contribution(tree.range(c.rank(), c.worldSize()), mine)), shards, mine);
      c.allGather(mine, shards);
      float[] expected = sum(tree.root(), round);
      float[] got = mine.toFloats();
      for (int i = 0; i < size; i++) {
        if (Float.floatToRawIntBits(got[i]) != Float.floatToRawIntBits(expected[i % PERIOD])) return false;
      }
      return true;
    }
  }

  /** Uneven borders: one shard is empty where there are more than two, one has an odd size. */
  static Shards shards(long size, int worldSize) {
    long[] borders = new long[worldSize + 1];
    for (int r = 1; r < worldSize; r++) borders[r] = r == 2 ? borders[1] : Math.min(size, size * r / worldSize + r);
    borders[worldSize] = size;
    return new Shards(borders);
  }

  static void put(Tensor to, int from, int end, float[] period) {
    float[] values = new float[end - from];
    for (int i = 0; i < values.length; i++) values[i] = period[(from + i) % period.length];
    to.put(from, values, 0, values.length);
  }

  static float at(Tensor of, long i) {
    float[] one = new float[1];
    of.get(i, one, 0, 1);
    return one[0];
  }
}
