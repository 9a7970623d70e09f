package dev.kindling.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * {@code bench/run scaling}: tokens/s of whole steps of the same global batch, 16 micro-batches. Ours on two executors with one core
 * each against ours on one with two, and against PyTorch's DistributedDataParallel over gloo: two processes, one thread each,
 * {@code no_sync} while they accumulate, compiled. Then each side at the better of its two precisions.
 *
 * <p>{@code --hosts} runs the two executors, and DDP, in the network namespaces that {@code bench/hosts up} made: the table then
 * says so beside the figures of the loopback.
 */
public final class Scaling {
  private static final int WINDOWS = 5;
  private static final double SECONDS = 10;
  private static final int ACCUMULATE = 8;
  private static final String HEAP = "-Xmx192m";
  private static final String LOOPBACK = "127.0.0.1";

  private Scaling() {
  }

  /** What was found of one side. */
  private record Rate(String precision, double tokens) {}

  public static void main(String[] args) throws IOException {
    List<String> words = List.of(args);
    int at = words.indexOf("--only");
    String only = at < 0 ? "gpt2-124m" : words.get(at + 1);
    String model = only.split(" ")[0];
    boolean hosts = words.contains("--hosts");
    Results results = new Results(hosts ? "scaling-hosts" : "scaling");
    List<Rate> ours = new ArrayList<>(), peers = new ArrayList<>();
    for (String precision : List.of("float32", "bf16")) {
      if ((model + " " + precision).contains(only)) measure(model, precision, hosts, results, ours, peers);
    }
    Comparator<Rate> faster = Comparator.comparingDouble(Rate::tokens);
    Rate best = ours.stream().max(faster).orElseThrow(), peer = peers.stream().max(faster).orElseThrow();
    results.more(model + " at the best precision (" + best.precision + ", DDP " + peer.precision + "), PyTorch DDP",
        best.tokens, peer.tokens, "tokens/s");
    results.write();
  }

  private static void measure(String model, String precision, boolean hosts, Results results, List<Rate> ours,
      List<Rate> peers) throws IOException {
    List<Group> groups = new ArrayList<>();
    try {
      groups.add(new Group("one executor", List.of(rank(0, 1, 2, model, precision, false)), false).ready());
      groups.add(new Group("two executors",
          List.of(rank(0, 2, 1, model, precision, hosts), rank(1, 2, 1, model, precision, hosts)), true).ready());
      groups.add(new Group("PyTorch DDP",
          List.of(ddp(0, model, precision, hosts), ddp(1, model, precision, hosts)), false).ready());
      String[] torch = groups.get(2).version().split(" ", 2);
      results.version(torch[0], torch[1]);
      for (int i = 0; i < WINDOWS; i++) { for (Group group : groups) group.window(SECONDS); }
      for (Group group : groups)
        System.out.println(model + " " + precision + " " + group.name() + ": " + group.rates());
      double one = Results.median(groups.get(0).rates());
      double two = Results.median(groups.get(1).rates());
      double peer = Results.median(groups.get(2).rates());
      String where = hosts ? " on two hosts" : "";
      results.more(model + " " + precision + ", two executors with 1 core" + where + ", one with 2", two, one,
          "tokens/s");
      results.more(model + " " + precision + ", two executors with 1 core" + where + ", PyTorch DDP", two, peer,
          "tokens/s");
      ours.add(new Rate(precision, two));
      peers.add(new Rate(precision, peer));
    } finally {
      groups.forEach(Group::close);
    }
  }

  private static List<String> rank(int rank, int ranks, int threads, String model, String precision, boolean hosts) {
    List<String> command = new ArrayList<>(on(rank, hosts));
    command.addAll(Train.ours(ScalingSide.class, HEAP, "" + rank, "" + ranks, "" + threads, model, precision,
        "" + ACCUMULATE, address(rank, hosts)));
    return command;
  }

  private static List<String> ddp(int rank, String model, String precision, boolean hosts) {
    List<String> command = new ArrayList<>(on(rank, hosts));
    command.addAll(List.of(System.getProperty("bench.python"), System.getProperty("bench.home") + "/peers/ddp.py",
        model, precision, "" + rank, "2", "" + ACCUMULATE, address(0, hosts), address(rank, hosts)));
    return command;
  }

  /** As {@code bench/hosts} has it. */
  static List<String> on(int rank, boolean hosts) {
    return hosts ? List.of("ip", "netns", "exec", "kindling" + rank) : List.of();
  }

  static String address(int rank, boolean hosts) {
    return hosts ? "10.77.0." + (rank + 1) : LOOPBACK;
  }
}
