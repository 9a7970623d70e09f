package dev.kindling.bench;

import dev.kindling.jobs.transport.Link;
import dev.kindling.jobs.transport.PortRange;
import dev.kindling.jobs.transport.RunSecret;
import dev.kindling.jobs.transport.SparkCommunicator;
import dev.kindling.train.collective.Communicator.Contribution;
import dev.kindling.train.collective.Shards;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** One rank of {@link Allreduce}: sums when told to, over Spark's library or over bare sockets, and checks both. */
public final class AllreduceRank {
  private static final int VALUE = 1000;         // bytes of a small message

  private AllreduceRank() {
  }

  /** @param args rank, ranks, megabytes of the vector, name of a {@link Security} */
  public static void main(String[] args) throws Exception {
    int rank = Integer.parseInt(args[0]);
    int ranks = Integer.parseInt(args[1]);
    long floats = Long.parseLong(args[2]) * 1_000_000 / Float.BYTES;
    VirtualRankTree tree = new VirtualRankTree(ranks);
    Link link = new Link(Security.of(args[3]).transport(), "bench", new RunSecret("bench"), "127.0.0.1", PortRange.ANY,
        Duration.ofSeconds(20), 1);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (Memory memory = Memory.allocate(floats * Float.BYTES);
        BareSockets bare = ranks == BareSockets.RANKS ? new BareSockets(rank) : null;
        SparkCommunicator communicator = SparkCommunicator.listen(rank, ranks, tree, link)) {
      Tensor vector = Tensor.at(memory.address(), DType.FLOAT32, floats);
      System.out.println("listening " + communicator.address() + " " + (bare == null ? 0 : bare.port()));
      String[] words = in.readLine().split(" ");
      List<String> addresses = new ArrayList<>();
      List<Integer> ports = new ArrayList<>();
      for (int i = 0; i < words.length; i += 2) {
        addresses.add(words[i]);
        ports.add(Integer.parseInt(words[i + 1]));
      }
      communicator.connect(addresses);
      if (bare != null) bare.connect(ports);
      System.out.println("connected");
      Shards shards = shards(floats, ranks);
      for (String line; (line = in.readLine()) != null;) {
        words = line.split(" ");
        int times = Integer.parseInt(words[1]);
        fill(vector, rank);
        communicator.barrier();                  // all start together
        long start = System.nanoTime();
        for (int i = 0; i < times; i++) {
          switch (words[0]) {
            case "spark" -> sum(communicator, tree, vector, shards);
            case "value" -> communicator.allGather(new byte[VALUE]);
            default -> bare.sum(vector, shards);
          }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        if (!words[0].equals("value")) check(vector, ranks, times);
        System.out.println("took " + seconds);
      }
    }
    System.exit(0);
  }

  private static void sum(SparkCommunicator communicator, VirtualRankTree tree, Tensor vector, Shards shards) {
    int rank = communicator.rank();
    communicator.allReduce(List.of(new Contribution(tree.range(rank, communicator.worldSize()), vector)), shards,
        vector);
  }

  private static Shards shards(long floats, int ranks) {
    long[] borders = new long[ranks + 1];
    for (int r = 0; r <= ranks; r++) borders[r] = floats * r / ranks;
    return new Shards(borders);
  }

  /** Rank r holds r + 1 everywhere; every sum multiplies what all then hold by the number of ranks. */
  private static void fill(Tensor vector, int rank) {
    float[] piece = new float[1 << 16];
    Arrays.fill(piece, rank + 1);
    for (long at = 0; at < vector.size(); at += piece.length) {
      vector.put(at, piece, 0, (int) Math.min(piece.length, vector.size() - at));
    }
  }

  private static void check(Tensor vector, int ranks, int sums) {
    float expected = ranks * (ranks + 1) / 2f;
    for (int i = 1; i < sums; i++) expected *= ranks;      // exact, or infinite on both sides
    float[] one = new float[1];
    for (long at = 0; at < vector.size(); at += 9973) {
      vector.get(at, one, 0, 1);
      if (one[0] != expected) throw new IllegalStateException("element " + at + " is " + one[0] + ", not " + expected);
    }
  }
}
