package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.jobs.transport.Message.Kind;
import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.Communicator.Reduction;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.collective.VirtualRankTree.Node;
import dev.kindling.train.tensor.Arena;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.spark.network.buffer.NioManagedBuffer;
import org.apache.spark.network.client.RpcResponseCallback;
import org.apache.spark.network.client.TransportClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

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
      assertLost(computing, "rank 2");
    }
  }

  /** Who notices it first names the rank; the others may hear of that one's end before. */
  private static void assertLost(List<Future<?>> calls, String rank) {
    List<String> told = new ArrayList<>();
    for (Future<?> call : calls) {
      assertThatThrownBy(() -> call.get(5, TimeUnit.SECONDS)).cause().isInstanceOf(RankLostException.class)
          .satisfies(e -> told.add(e.getMessage())).hasMessageMatching("(?s)rank \\d \\(.*\\) is lost: .*");
    }
    assertThat(told).anyMatch(message -> message.startsWith(rank + " "));
  }

  @Test
  void aRankThatGivesUpASumEndsTheOthersToo() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected()) {
      Future<?> first = ranks.start(0, c -> reduced(c, true));
      Future<?> second = ranks.start(1, c -> reduced(c, false));
      assertThat(Ranks.get(first)).isNull();
      assertThatThrownBy(() -> Ranks.get(second)).isInstanceOf(RankLostException.class)
          .hasMessageMatching("(?s)rank 0 \\(.*\\) is lost: .*");
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
      assertDisagreed(first, second);
    }
  }

  /** One may hear of the other's end before it hears what the other wants. */
  private static void assertDisagreed(Future<?> first, Future<?> second) {
    List<String> told = new ArrayList<>();
    for (Future<?> call : List.of(first, second)) {
      assertThatThrownBy(() -> Ranks.get(call)).isInstanceOf(RankLostException.class)
          .satisfies(e -> told.add(e.getMessage()));
    }
    assertThat(told.get(0)).startsWith("rank 1 (");
    assertThat(told.get(1)).startsWith("rank 0 (");
    assertThat(told)
        .anyMatch(message -> message.matches("rank \\d \\(.*\\) makes another call than rank \\d: READY for call 1 .*"
            + " \\(plan [0-9a-f]+ there, [0-9a-f]+ here\\)"));
  }

  /** Rank 1 says to rank 0, over the connection of its own, what no rank does. */
  private static String said(Consumer<RpcResponseCallback> wrong) throws Exception {
    CompletableFuture<String> answer = new CompletableFuture<>();
    wrong.accept(new RpcResponseCallback() {
      @Override
      public void onSuccess(ByteBuffer none) {
        answer.complete("taken");
      }

      @Override
      public void onFailure(Throwable e) {
        answer.complete(e.getMessage());
      }
    });
    return answer.get(10, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @EnumSource(names = {"READY", "COMPLETE", "VALUE"})
  void aRankInAnotherCallThanTheNextIsLostAndBothCallsAreNamed(Kind kind) throws Exception {
    try (RefusalLines log = new RefusalLines(); Ranks ranks = new Ranks(2, 2, Map.of()).connected()) {
      assertThat(ranks.all(c -> c.allGather(new byte[1]).size())).containsOnly(2);
      TransportClient liar = ranks.communicators.get(1).peers().get(0).client;
      ByteBuffer message = switch (kind) {
        case READY -> Message.ready(1, 5, 77);
        case COMPLETE -> Message.complete(1, 5);
        default -> Message.value(1, 5, new byte[1]);
      };
      assertThat(said(answer -> liar.sendRpc(message, answer))).contains("is in call 5, this rank in 1");
      assertThatThrownBy(() -> ranks.communicators.get(0).allGather(new byte[1])).isInstanceOf(RankLostException.class)
          .hasMessageMatching("rank 1 \\(.*\\) is lost: rank 1 \\(.*\\) is in call 5, this rank in 1");
      assertThat(log.await(1, " is in call 5, this rank in 1")).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"0,4,400,sends byte 4 of part 0; which lacks 400 of 400", "1,0,400,sends part 1; which is not expected",
      "0,0,396,sends 396 bytes of a piece of 400", "0,0,404,sends 404 bytes or more of a piece of 400"})
  void aRankThatSendsAPieceOfAWrongPlaceOrLengthIsLostAndBothAreNamed(int part, int at, int bytes, String says)
      throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected(); Arena arena = new Arena()) {
      List<Tensor> hundred = List.of(arena.take(DType.FLOAT32, 100), arena.take(DType.FLOAT32, 100));
      Future<?> honest = ranks.start(0, c -> {
        c.allToAll(hundred, hundred);
        return null;
      });
      Peer listener = ranks.communicators.get(1).peers().get(0);
      while (listener.readyCall < 1) Thread.sleep(10);     // until it expects a piece
      said(answer -> listener.client.uploadStream(new NioManagedBuffer(Message.piece(1, 1, part, at)),
          new NioManagedBuffer(ByteBuffer.allocate(bytes)), answer));
      assertThatThrownBy(() -> Ranks.get(honest)).isInstanceOf(RankLostException.class)
          .hasMessageStartingWith("rank 1 (").hasMessageContaining(" is lost: rank 1 ")
          .hasMessageEndingWith(says.replace(';', ','));
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
      assertLost(waiting, "rank 2");
    }
  }

  @Test
  void aPeerThatNeverCallsButLivesIsWaitedForAndOneThatAbortsIsLostToTheOthers() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected()) {
      Future<List<byte[]>> first = ranks.start(0, c -> c.allGather(new byte[]{1}));
      Thread.sleep(3_000);                       // longer than the allowed silence: its event loop answers the pings
      assertThat(first).isNotDone();
      ranks.communicators.get(0).abort("the task was killed");
      assertThatThrownBy(() -> first.get(2, TimeUnit.SECONDS)).cause().isInstanceOf(RankLostException.class)
          .hasMessage("rank 0 was told to stop: the task was killed");
      assertLost(List.of(ranks.start(1, c -> c.allGather(new byte[]{1}))), "rank 0");
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
          .hasMessageMatching("rank 1 \\(.*\\) has been silent for \\d+ ms");
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
      assertDisagreed(first, second);
    }
  }
}
