package dev.kindling.train.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class InProcessTest {
  @Test
  void everyRankGetsEveryOwnersRange() {
    Shards shards = new Shards(new long[]{0, 3, 3, 10});
    List<InProcess> ranks = InProcess.ranks(3, 8);
    Ranks.run(3, rank -> {
      try (Memory memory = Memory.allocate(40)) {
        Tensor flat = Tensor.at(memory.address(), DType.FLOAT32, 10);
        float[] own = new float[10];
        for (long i = shards.from(rank); i < shards.to(rank); i++) own[(int) i] = 100 * rank + i;
        flat.put(0, own, 0, 10);
        ranks.get(rank).allGather(flat, shards);
        assertThat(flat.toFloats()).containsExactly(0, 1, 2, 203, 204, 205, 206, 207, 208, 209);
      }
    });
  }

  @Test
  void bytesComeBackByRankCallAfterCall() {
    List<InProcess> ranks = InProcess.ranks(4, 4);
    Ranks.run(4, rank -> {
      for (int call = 0; call < 200; call++) {
        List<byte[]> all = ranks.get(rank).allGather(new byte[]{(byte) rank, (byte) call});
        for (int from = 0; from < 4; from++) assertThat(all.get(from)).containsExactly(from, call);
      }
    });
  }

  @Test
  void allReduceGivesEveryRankTheWholeSum() {
    Shards shards = new Shards(new long[]{0, 3, 3, 10});
    VirtualRankTree tree = new VirtualRankTree(3);
    List<InProcess> ranks = InProcess.ranks(3, 3);
    Ranks.run(3, rank -> {
      try (Memory memory = Memory.allocate(40)) {
        Tensor flat = Tensor.at(memory.address(), DType.FLOAT32, 10);
        float[] own = new float[10];
        for (int i = 0; i < 10; i++) own[i] = (float) Math.pow(10, rank) * i;
        flat.put(0, own, 0, 10);
        List<Communicator.Contribution> mine = tree.maximalSubtrees(tree.range(rank, 3)).stream()
            .map(subtree -> new Communicator.Contribution(subtree, flat)).toList();
        ranks.get(rank).allReduce(mine, shards, flat);
        assertThat(flat.toFloats()).containsExactly(0, 111, 222, 333, 444, 555, 666, 777, 888, 999);
      }
    });
  }

  @Test
  void broadcastGivesEveryRankWhatTheFirstHas() {
    List<InProcess> ranks = InProcess.ranks(3, 3);
    Ranks.run(3, rank -> {
      assertThat(ranks.get(rank).broadcast(new byte[]{(byte) (7 + rank)})).containsExactly(7);
      assertThat(ranks.get(rank).broadcast(new byte[rank])).isEmpty();
    });
  }

  @Test
  void nobodyPassesABarrierBeforeAllHaveComeToIt() {
    List<InProcess> ranks = InProcess.ranks(4, 4);
    AtomicInteger came = new AtomicInteger();
    Ranks.run(4, rank -> {
      for (int round = 1; round <= 100; round++) {
        came.incrementAndGet();
        ranks.get(rank).barrier();
        assertThat(came.get()).isGreaterThanOrEqualTo(4 * round);
      }
    });
  }

  @Test
  void aRankThatGivesUpEndsTheWaitOfAllOthers() {
    List<InProcess> ranks = InProcess.ranks(3, 3);
    assertThatThrownBy(() -> Ranks.run(3, rank -> {
      if (rank == 2) ranks.get(2).abort("its disk is full");
      else ranks.get(rank).allGather(new byte[0]);
    })).isInstanceOf(IllegalStateException.class).hasMessageContaining("its disk is full");
  }
}
