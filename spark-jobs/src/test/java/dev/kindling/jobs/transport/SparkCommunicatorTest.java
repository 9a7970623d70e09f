package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.Communicator.Reduction;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.collective.VirtualRankTree.Node;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.tensor.Arena;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What ranks exchange. */
@Timeout(120)
class SparkCommunicatorTest {
  @ParameterizedTest
  @CsvSource({"1,8,1000", "2,8,700001", "3,8,1200007", "5,8,900001", "2,6,64", "3,6,300000", "5,6,12345", "8,8,100003",
      "2,8,1"})
  void everyOwnerGetsTheSumOfTheTreeAndEveryRankTheSums(int worldSize, int virtualRanks, int size) throws Exception {
    VirtualRankTree tree = new VirtualRankTree(virtualRanks);
    Shards shards = Vectors.shards(size, worldSize);
    try (Ranks ranks = new Ranks(worldSize, virtualRanks, Map.of()).connected()) {
      List<Boolean> right = ranks.all(c -> {
        boolean same = true;
        try (Arena arena = new Arena()) {
          List<Contribution> mine = new ArrayList<>();
          for (Node node : tree.maximalSubtrees(tree.range(c.rank(), worldSize))) {
            mine.add(new Contribution(node, arena.take(DType.FLOAT32, size)));
          }
          for (int round = 0; round < 3; round++) {
            for (Contribution m : mine) Vectors.fill(m.sum(), Vectors.sum(m.tree(), round));
            Tensor sum = round == 1 ? arena.take(DType.FLOAT32, size) : mine.get(0).sum();
            c.reduceScatter(mine, shards, sum);
            c.allGather(sum, shards);
            float[] expected = Vectors.sum(tree.root(), round);
            float[] got = sum.toFloats();
            for (int i = 0; i < size; i++) {
              same &= Float.floatToRawIntBits(got[i]) == Float.floatToRawIntBits(expected[i % Vectors.PERIOD]);
            }
          }
        }
        c.leave();
        return same;
      });
      assertThat(right).containsOnly(true);
    }
  }

  @ParameterizedTest
  @CsvSource({"1,8,900001", "2,8,1700001", "3,8,1200007", "4,4,2100003", "3,6,64"})
  void piecesLeaveAsTheyAreCompleteAndNotBefore(int worldSize, int virtualRanks, int size) throws Exception {
    float[] nothing = new float[Vectors.PERIOD];
    Arrays.fill(nothing, Float.NaN);
    VirtualRankTree tree = new VirtualRankTree(virtualRanks);
    Shards shards = Vectors.shards(size, worldSize);
    try (Ranks ranks = new Ranks(worldSize, virtualRanks, Map.of()).connected()) {
      List<Boolean> right = ranks.all(c -> {
        boolean same = true;
        try (Arena arena = new Arena()) {
          List<Contribution> mine = new ArrayList<>();
          for (Node node : tree.maximalSubtrees(tree.range(c.rank(), worldSize))) {
            mine.add(new Contribution(node, arena.take(DType.FLOAT32, size)));
          }
          for (int round = 0; round < 3; round++) {
            for (Contribution m : mine) Vectors.fill(m.sum(), nothing);
            Tensor sum = mine.get(0).sum();
            try (Reduction reduction = c.reduce(mine, shards, sum)) {
              for (int to = size, part = 0; to > 0; part++) {
                int from = part < 4 ? to / 3 : 0;
                for (Contribution m : mine) Vectors.put(m.sum(), from, to, Vectors.sum(m.tree(), round));
                reduction.complete(from);
                Thread.sleep(c.rank() * 5L);     // some are later than others
                to = from;
              }
              if (round == 1) reduction.meet();
              reduction.finish();
            }
            float[] expected = Vectors.sum(tree.root(), round);
            for (long i = shards.from(c.rank()); i < shards.to(c.rank()); i++) {
              same &= Vectors.at(sum, i) == expected[(int) (i % Vectors.PERIOD)];
            }
          }
        }
        c.leave();
        return same;
      });
      assertThat(right).containsOnly(true);
    }
  }

  @ParameterizedTest
  @CsvSource({"2,400001", "3,1", "4,90000"})
  void everyRankGetsWhatEachOtherHasForIt(int worldSize, int size) throws Exception {
    try (Ranks ranks = new Ranks(worldSize, worldSize, Map.of()).connected()) {
      List<Boolean> right = ranks.all(c -> {
        boolean same = true;
        try (Arena arena = new Arena()) {
          List<Tensor> out = new ArrayList<>(), in = new ArrayList<>();
          for (int r = 0; r < worldSize; r++) {
            out.add(arena.take(DType.FLOAT32, r == c.rank() ? 0 : size + 1000L * r));
            in.add(arena.take(DType.FLOAT32, r == c.rank() ? 0 : size + 1000L * c.rank()));
            Vectors.fill(out.get(r), Vectors.leaf(c.rank(), r));
          }
          for (int round = 0; round < 2; round++) {
            c.allToAll(out, in);
            for (int r = 0; r < worldSize; r++) {
              float[] expected = Vectors.leaf(r, c.rank());
              for (int i = 0; i < in.get(r).size(); i++)
                same &= Vectors.at(in.get(r), i) == expected[i % Vectors.PERIOD];
            }
          }
        }
        c.leave();
        return same;
      });
      assertThat(right).containsOnly(true);
    }
  }

  @Test
  void smallValuesOfAllRanksComeInRankOrder() throws Exception {
    try (Ranks ranks = new Ranks(3, 8, Map.of()).connected()) {
      List<String> heard = ranks.all(c -> {
        StringBuilder all = new StringBuilder();
        for (int round = 0; round < 50; round++) {
          byte[] mine = ("r" + c.rank() + "." + round).getBytes(StandardCharsets.UTF_8);
          for (byte[] b : c.allGather(round == 7 ? new byte[0] : mine))
            all.append(new String(b, StandardCharsets.UTF_8));
        }
        c.leave();
        return all.toString();
      });
      StringBuilder expected = new StringBuilder();
      for (int round = 0; round < 50; round++) {
        if (round != 7) for (int r = 0; r < 3; r++) expected.append("r").append(r).append('.').append(round);
      }
      assertThat(heard).containsOnly(expected.toString());
    }
  }

  @ParameterizedTest
  @CsvSource({"spark.network.crypto.enabled,true", "spark.authenticate.enableSaslEncryption,true"})
  void encryptedConnectionsCarryTheSameSums(String key, String value) throws Exception {
    Map<String, String> settings = Map.of(key, value, "spark.network.crypto.saslFallback", "false");
    try (Ranks ranks = new Ranks(2, 2, settings).connected()) {
      assertThat(ranks.all(c -> Vectors.sumRight(c, 300_001, 0))).containsOnly(true);
    }
  }
}
