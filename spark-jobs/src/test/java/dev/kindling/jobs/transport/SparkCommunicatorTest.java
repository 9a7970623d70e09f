package dev.kindling.jobs.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.kindling.checkpoint.UserError;
import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.Communicator.Reduction;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.collective.VirtualRankTree.Node;
import dev.kindling.train.tensor.Arena;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Tensor;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class SparkCommunicatorTest {
  private static final int PERIOD = 4099;        // values repeat, so that large vectors cost little to make and to check

  /** Element i of virtual rank v in a round. */
  private static float[] leaf(int v, int round) {
    SplittableRandom random = new SplittableRandom(v * 1000L + round);
    float[] values = new float[PERIOD];
    for (int i = 0; i < PERIOD; i++) values[i] = (float) Math.scalb(random.nextDouble() - 0.5, random.nextInt(12));
    return values;
  }

  private static float[] sum(Node node, int round) {
    if (node.isLeaf()) return leaf(node.from(), round);
    float[] left = sum(node.left(), round);
    float[] right = sum(node.right(), round);
    for (int i = 0; i < PERIOD; i++) left[i] += right[i];
    return left;
  }

  private static void fill(Tensor to, float[] period) {
    for (long at = 0; at < to.size(); at += PERIOD) to.put(at, period, 0, (int) Math.min(PERIOD, to.size() - at));
  }

  /** Uneven borders: one shard is empty where there are more than two, one has an odd size. */
  private static Shards shards(long size, int worldSize) {
    long[] borders = new long[worldSize + 1];
    for (int r = 1; r < worldSize; r++) borders[r] = r == 2 ? borders[1] : Math.min(size, size * r / worldSize + r);
    borders[worldSize] = size;
    return new Shards(borders);
  }

  @ParameterizedTest
  @CsvSource({"1,8,1000", "2,8,700001", "3,8,1200007", "5,8,900001", "2,6,64", "3,6,300000", "5,6,12345", "8,8,100003",
      "2,8,1"})
  void everyOwnerGetsTheSumOfTheTreeAndEveryRankTheSums(int worldSize, int virtualRanks, int size) throws Exception {
    VirtualRankTree tree = new VirtualRankTree(virtualRanks);
    Shards shards = shards(size, worldSize);
    try (Ranks ranks = new Ranks(worldSize, virtualRanks, Map.of()).connected()) {
      List<Boolean> right = ranks.all(c -> {
        boolean same = true;
        try (Arena arena = new Arena()) {
          List<Contribution> mine = new ArrayList<>();
          for (Node node : tree.maximalSubtrees(tree.range(c.rank(), worldSize))) {
            mine.add(new Contribution(node, arena.take(DType.FLOAT32, size)));
          }
          for (int round = 0; round < 3; round++) {
            for (Contribution m : mine) fill(m.sum(), sum(m.tree(), round));
            Tensor sum = round == 1 ? arena.take(DType.FLOAT32, size) : mine.get(0).sum();
            c.reduceScatter(mine, shards, sum);
            c.allGather(sum, shards);
            float[] expected = sum(tree.root(), round);
            float[] got = sum.toFloats();
            for (int i = 0; i < size; i++) {
              same &= Float.floatToRawIntBits(got[i]) == Float.floatToRawIntBits(expected[i % PERIOD]);
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
    float[] nothing = new float[PERIOD];
    Arrays.fill(nothing, Float.NaN);
    VirtualRankTree tree = new VirtualRankTree(virtualRanks);
    Shards shards = shards(size, worldSize);
    try (Ranks ranks = new Ranks(worldSize, virtualRanks, Map.of()).connected()) {
      List<Boolean> right = ranks.all(c -> {
        boolean same = true;
        try (Arena arena = new Arena()) {
          List<Contribution> mine = new ArrayList<>();
          for (Node node : tree.maximalSubtrees(tree.range(c.rank(), worldSize))) {
            mine.add(new Contribution(node, arena.take(DType.FLOAT32, size)));
          }
          for (int round = 0; round < 3; round++) {
            for (Contribution m : mine) fill(m.sum(), nothing);
            Tensor sum = mine.get(0).sum();
            try (Reduction reduction = c.reduce(mine, shards, sum)) {
              for (int to = size, part = 0; to > 0; part++) {
                int from = part < 4 ? to / 3 : 0;
                for (Contribution m : mine) put(m.sum(), from, to, sum(m.tree(), round));
                reduction.complete(from);
                Thread.sleep(c.rank() * 5L);     // some are later than others
                to = from;
              }
              if (round == 1) reduction.meet();
              reduction.finish();
            }
            float[] expected = sum(tree.root(), round);
            for (long i = shards.from(c.rank()); i < shards.to(c.rank()); i++) {
              same &= at(sum, i) == expected[(int) (i % PERIOD)];
            }
          }
        }
        c.leave();
        return same;
      });
      assertThat(right).containsOnly(true);
    }
  }

  private static void put(Tensor to, int from, int end, float[] period) {
    float[] values = new float[end - from];
    for (int i = 0; i < values.length; i++) values[i] = period[(from + i) % period.length];
    to.put(from, values, 0, values.length);
  }

  private static float at(Tensor of, long i) {
    float[] one = new float[1];
    of.get(i, one, 0, 1);
    return one[0];
  }

  @Test
  void aPeerThatDiesWhileTheOthersComputeIsToldAtTheNextWordAndTheMemoryIsFreeAfterwards() throws Exception {
    try (Ranks ranks = new Ranks(3, 3, Map.of()).connected()) {
      List<Future<?>> computing = new ArrayList<>();
      for (int r = 0; r < 2; r++) {
        computing.add(ranks.start(r, c -> {
          try (Arena arena = new Arena()) {
            Tensor flat = arena.take(DType.FLOAT32, 2_000_000);
            List<Contribution> mine = List.of(new Contribution(new Node(c.rank(), c.rank() + 1), flat));
            try (Reduction reduction = c.reduce(mine, shards(2_000_000, 3), flat)) {
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
      try (Reduction reduction = c.reduce(mine, shards(1_000_000, 2), flat)) {
        reduction.complete(500_000);
        if (!givesUp) reduction.finish();
      }
    }
    return null;
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
            fill(out.get(r), leaf(c.rank(), r));
          }
          for (int round = 0; round < 2; round++) {
            c.allToAll(out, in);
            for (int r = 0; r < worldSize; r++) {
              float[] expected = leaf(r, c.rank());
              for (int i = 0; i < in.get(r).size(); i++) same &= at(in.get(r), i) == expected[i % PERIOD];
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
    Shards shards = shards(300_001, 2);
    VirtualRankTree tree = new VirtualRankTree(2);
    try (Ranks ranks = new Ranks(2, 2, settings).connected(); Arena arena = new Arena()) {
      List<Tensor> flat = List.of(arena.take(DType.FLOAT32, 300_001), arena.take(DType.FLOAT32, 300_001));
      ranks.all(c -> {
        Tensor mine = flat.get(c.rank());
        fill(mine, leaf(c.rank(), 0));
        c.reduceScatter(List.of(new Contribution(tree.range(c.rank(), 2), mine)), shards, mine);
        c.allGather(mine, shards);
        return null;
      });
      float[] expected = sum(tree.root(), 0);
      for (Tensor t : flat) assertThat(Arrays.copyOf(t.toFloats(), PERIOD)).isEqualTo(expected);
    }
  }

  @Test
  void aPeerThatDiesEndsTheWaitsOfTheOthers() throws Exception {
    try (Ranks ranks = new Ranks(3, 3, Map.of()).connected(); Arena arena = new Arena()) {
      List<Future<?>> waiting = new ArrayList<>();
      for (int r = 0; r < 2; r++) {
        Tensor flat = arena.take(DType.FLOAT32, 2_000_000);
        waiting.add(ranks.start(r, c -> {
          c.reduceScatter(List.of(new Contribution(new Node(c.rank(), c.rank() + 1), flat)), shards(2_000_000, 3),
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

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void aWrongSecretIsRefusedAndTheRunGoesOn(boolean crypto) throws Exception {
    Map<String, String> settings = Map.of("spark.network.crypto.enabled", String.valueOf(crypto),
        "spark.network.crypto.saslFallback", "false");
    try (Ranks ranks = new Ranks(2, 2, settings)) {
      List<String> addresses = ranks.addresses();
      try (SparkCommunicator stranger = SparkCommunicator.listen(1, 2, new VirtualRankTree(2),
          Ranks.link(settings, new RunSecret("another"), 1))) {
        assertThatThrownBy(() -> stranger.connect(addresses)).isInstanceOf(RankLostException.class);
      }
      ranks.connected();
      assertThat(ranks.all(c -> c.allGather(new byte[]{(byte) c.rank()}).get(1)[0])).containsOnly((byte) 1);
    }
  }

  @Test
  void aRankOfAnOlderAttemptIsRefused() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of())) {
      List<String> addresses = ranks.addresses();
      try (SparkCommunicator thawed = SparkCommunicator.listen(1, 2, new VirtualRankTree(2),
          Ranks.link(Map.of(), Ranks.SECRET, 0))) {
        assertThatThrownBy(() -> thawed.connect(addresses)).isInstanceOf(RankLostException.class)
            .hasMessageContaining("attempt 0 refused");
      }
      ranks.connected();
      assertThat(ranks.all(c -> c.allGather(new byte[1]).size())).containsOnly(2);
    }
  }

  @Test
  void strangersWithGarbageOrAHugeFrameBreakNothing() throws Exception {
    try (Ranks ranks = new Ranks(2, 2, Map.of()).connected()) {
      List<Socket> strangers = new ArrayList<>();
      for (String address : ranks.addresses()) {
        int port = Integer.parseInt(address.split(":")[1]);
        byte[] garbage = new byte[3000];
        new SplittableRandom(port).nextBytes(garbage);
        strangers.add(send(port, garbage));
        strangers.add(send(port, ByteBuffer.allocate(8).putLong(1L << 30).array()));
        strangers.add(send(port, ByteBuffer.allocate(100_000).putLong(1L << 30).array()));   // closed at 64 KB
        strangers.add(send(port, new byte[0]));
      }
      for (int round = 0; round < 20; round++) {
        assertThat(ranks.all(c -> c.allGather(new byte[]{5}).get(0)[0])).containsOnly((byte) 5);
      }
      for (int i = 2; i < strangers.size(); i += 4) assertThat(ended(strangers.get(i))).isTrue();
      for (Socket s : strangers) s.close();
      ranks.all(c -> {
        c.leave();
        return null;
      });
    }
  }

  private static Socket send(int port, byte[] bytes) throws Exception {
    Socket socket = new Socket("127.0.0.1", port);
    OutputStream out = socket.getOutputStream();
    out.write(bytes);
    out.flush();
    return socket;
  }

  private static boolean ended(Socket socket) throws Exception {
    socket.setSoTimeout(5_000);
    try {
      return socket.getInputStream().read() < 0;
    } catch (java.net.SocketTimeoutException e) {
      return false;
    } catch (java.io.IOException e) {
      return true;                               // reset
    }
  }

  @Test
  void aFullRangeOfPortsIsToldWithTheSetting() throws Exception {
    try (Ranks ranks = new Ranks(1, 1, Map.of())) {
      int taken = Integer.parseInt(ranks.addresses().get(0).split(":")[1]);
      Link link = Ranks.link(Map.of(), Ranks.SECRET, 1);
      Link full = new Link(link.conf(), link.user(), link.secrets(), link.host(), new PortRange(taken, taken),
          link.silence(), 1);
      assertThatThrownBy(() -> SparkCommunicator.listen(0, 1, new VirtualRankTree(1), full))
          .isInstanceOf(UserError.class)
          .hasMessageContaining("cluster.port");
    }
  }

  /** As a rank does that tries again. */
  @Test
  void aFullRangeOfPortsLeavesNothingOpen() throws Exception {
    try (Ranks ranks = new Ranks(1, 1, Map.of())) {
      int taken = Integer.parseInt(ranks.addresses().get(0).split(":")[1]);
      Link link = Ranks.link(Map.of(), Ranks.SECRET, 1);
      Link full = new Link(link.conf(), link.user(), link.secrets(), link.host(), new PortRange(taken, taken),
          link.silence(), 1);
      long before = openFiles();
      for (int i = 0; i < 20; i++) {
        assertThatThrownBy(() -> SparkCommunicator.listen(0, 1, new VirtualRankTree(1), full))
            .isInstanceOf(UserError.class);
      }
      assertThat(openFiles()).isLessThan(before + 20);
    }
  }

  /** Once event loops that were told to end have done so, for which they take two seconds. */
  private static long openFiles() throws InterruptedException {
    UnixOperatingSystemMXBean system = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long last = system.getOpenFileDescriptorCount();
    for (int i = 0; i < 10; i++) {
      Thread.sleep(3_000);
      long now = system.getOpenFileDescriptorCount();
      if (now == last) break;
      last = now;
    }
    return last;
  }

  @Test
  void rangesOfPortsAreRead() {
    assertThat(PortRange.parse("7400-7450")).isEqualTo(new PortRange(7400, 7450));
    assertThatThrownBy(() -> PortRange.parse("7450-7400")).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> PortRange.parse("http")).isInstanceOf(UserError.class);
  }
}
