package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.Communicator.Reduction;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.collective.VirtualRankTree.Node;
import dev.kindling.train.tensor.Arena;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Peers that die, freeze, give up, leave or do something else. */
@Timeout(120)
class LostPeersTest {
  @Test
  void aPeerThatDiesWhileTheOthersComputeIsToldAtTheNextWordAndTheMemoryIsFreeAfterwards() throws Exception {
    try (Ranks ranks = new Ranks(3, 3, Map.of()).connected()) {
      List<Future<?>> computing = new ArrayList<>();
      for (int r = 0; r < 2; r++) {
        computing.add(ranks.start(r, c -> {
          try (Arena arena = new Arena()) {
            Tensor flat = arena.take(DType.FLOAT32, 2_000_000);
            List<Contribution> mine = List.of(new Contribution(new Node(c.rank(), c.rank() + 1), flat));
            try (Reduction reduction = c.reduce(mine, Vectors.shards(2_000_000, 3), flat)) {
              for (long from = 2_000_000; from > 0; from -= 1_000) {
                reduction.complete(from);
                Thread.sleep(2);
              }
              reduction.finish();
            }
          }
          return null;
        }));
      }
      ranks.communicators.get(2).close();
      for (Future<?> f : computing) {
        assertThatThrownBy(() -> f.get(5, TimeUnit.SECONDS)).cause().isInstanceOf(RankLostException.class);
      }
    }
  }

  @Test
  void aRankThatGivesUpASumEndsTheOthersToo() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected()) {
      Future<?> first = ranks.start(0, c -> reduced(c, true));
      Future<?> second = ranks.start(1, c -> reduced(c, false));
      assertThat(Ranks.get(first)).isNull();
      assertThatThrownBy(() -> Ranks.get(second)).isInstanceOf(RankLostException.class);
    }
  }

  private static Void reduced(SparkCommunicator c, boolean givesUp) {
    try (Arena arena = new Arena()) {
      Tensor flat = arena.take(DType.FLOAT32, 1_000_000);
      List<Contribution> mine = List.of(new Contribution(new Node(c.rank(), c.rank() + 1), flat));
      try (Reduction reduction = c.reduce(mine, Vectors.shards(1_000_000, 2), flat)) {
        reduction.complete(500_000);
        if (!givesUp) reduction.finish();
      }
    }
    return null;
  }

  @Test
  void ranksThatDoNotAgreeOnHowMuchIsSentAreToldSo() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected(); Arena arena = new Arena()) {
      List<Tensor> hundred = List.of(arena.take(DType.FLOAT32, 100), arena.take(DType.FLOAT32, 100));
      List<Tensor> fewer = List.of(arena.take(DType.FLOAT32, 90), arena.take(DType.FLOAT32, 90));
      Future<?> first = ranks.start(0, c -> {
        c.allToAll(hundred, hundred);
        return null;
      });
      Future<?> second = ranks.start(1, c -> {
        c.allToAll(fewer, hundred);
        return null;
      });
      assertThatThrownBy(() -> Ranks.get(first)).isInstanceOf(RankLostException.class);
      assertThatThrownBy(() -> Ranks.get(second)).isInstanceOf(RankLostException.class);
    }
  }

  @Test
  void aPeerThatDiesEndsTheWaitsOfTheOthers() throws Exception {
    try (Ranks ranks = new Ranks(3, 3, Map.of()).connected(); Arena arena = new Arena()) {
      List<Future<?>> waiting = new ArrayList<>();
      for (int r = 0; r < 2; r++) {
        Tensor flat = arena.take(DType.FLOAT32, 2_000_000);
        waiting.add(ranks.start(r, c -> {
          c.reduceScatter(List.of(new Contribution(new Node(c.rank(), c.rank() + 1), flat)),
              Vectors.shards(2_000_000, 3),
              flat);
          return null;
        }));
      }
      ranks.communicators.get(2).close();
      for (Future<?> f : waiting) {
        assertThatThrownBy(() -> f.get(5, TimeUnit.SECONDS)).cause().isInstanceOf(RankLostException.class);
      }
    }
  }

  @Test
  void aPeerThatNeverCallsButLivesIsWaitedForAndOneThatAbortsEndsOnlyItself() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected()) {
      Future<List<byte[]>> first = ranks.start(0, c -> c.allGather(new byte[]{1}));
      Thread.sleep(3_000);                       // longer than the allowed silence: its event loop answers the pings
      assertThat(first).isNotDone();
      ranks.communicators.get(0).abort("the task was killed");
      assertThatThrownBy(() -> first.get(2, TimeUnit.SECONDS)).cause().isInstanceOf(RankLostException.class)
          .hasMessageContaining("the task was killed");
    }
  }

  @Test
  void ranksThatLeaveAtDifferentTimesAllComeHome() throws Exception {
    for (int round = 0; round < 30; round++) {
      try (Ranks ranks = new Ranks(3, 3, Map.of()).connected()) {
        List<Integer> home = ranks.all(c -> {
          c.allGather(new byte[1]);
          Thread.sleep(c.rank() * 3L);
          try (c) {
            c.leave();
          }
          return c.rank();
        });
        assertThat(home).containsExactly(0, 1, 2);
      }
    }
  }

  @Test
  void aPeerThatFreezesIsLostWhenTheDeadlineHasPassed() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of());
        FreezingProxy proxy = new FreezingProxy(ranks.addresses().get(1))) {
      List<String> addresses = List.of(ranks.addresses().get(0), proxy.address());
      ranks.all(c -> {
        c.connect(addresses);
        return c.allGather(new byte[1]).size();
      });
      proxy.freeze();
      Future<List<byte[]>> waiting = ranks.start(0, c -> c.allGather(new byte[1]));
      assertThatThrownBy(() -> waiting.get(10, TimeUnit.SECONDS)).cause().isInstanceOf(RankLostException.class)
          .hasMessageContaining("silent");
    }
  }

  @Test
  void peersThatAreFrozenInTheHandshakeAreGivenUpTogetherAndNamed() throws Exception {
    try (Ranks ranks = new Ranks(4, 4, Map.of());
        FreezingProxy second = new FreezingProxy(ranks.addresses().get(1));
        FreezingProxy third = new FreezingProxy(ranks.addresses().get(2))) {
      second.freeze();
      third.freeze();
      List<String> addresses = List.of(ranks.addresses().get(0), second.address(), third.address(),
          ranks.addresses().get(3));
      Future<?> connecting = ranks.start(0, c -> {
        c.connect(addresses);
        return null;
      });
      assertThatThrownBy(() -> connecting.get(20, TimeUnit.SECONDS)).cause().isInstanceOf(RankLostException.class)
          .hasMessageContaining("rank 0 cannot connect to rank 1 at " + second.address() + ", rank 2 at "
              + third.address() + ": no answer for");
    }
  }

  @Test
  void aRankThatIsToldToEndWaitsForNoHandshake() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of());
        FreezingProxy proxy = new FreezingProxy(ranks.addresses().get(1))) {
      proxy.freeze();
      List<String> addresses = List.of(ranks.addresses().get(0), proxy.address());
      Future<?> connecting = ranks.start(0, c -> {
        c.connect(addresses);
        return null;
      });
      ranks.communicators.get(0).abort("the task was killed");
      assertThatThrownBy(() -> connecting.get(4, TimeUnit.SECONDS)).cause().isInstanceOf(RankLostException.class)
          .hasMessageContaining("the task was killed");
    }
  }

  @Test
  void ranksThatMakeDifferentCallsAreToldSo() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected(); Arena arena = new Arena()) {
      Tensor flat = arena.take(DType.FLOAT32, 100);
      Future<?> first = ranks.start(0, c -> {
        c.allGather(flat, new Shards(new long[]{0, 50, 100}));
        return null;
      });
      Future<?> second = ranks.start(1, c -> {
        c.allGather(arena.take(DType.FLOAT32, 100), new Shards(new long[]{0, 60, 100}));
        return null;
      });
      assertThatThrownBy(() -> Ranks.get(first)).isInstanceOf(RankLostException.class);
      assertThatThrownBy(() -> Ranks.get(second)).isInstanceOf(RankLostException.class);
    }
  }
}
