package dev.kindling.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * {@code bench/run allreduce}: a float vector summed by two ranks, each a process of its own, over the loopback: the product's
 * communicator (reduce-scatter, then all-gather) against the same sum by the same tree over bare sockets, without
 * authentication, failure detection or flow control; then with the encryption that a cluster may ask for. GB/s is what each rank sends: the
 * vector's size a sum.
 */
public final class Allreduce {
  private static final int RANKS = 2;
  private static final int WINDOWS = 5, FEW = 3;
  private static final double SECONDS = 5;
  private static final List<Integer> MEGABYTES = List.of(64, 500);

  private Allreduce() {
  }

  public static void main(String[] args) throws IOException {
    String only = args.length == 2 && args[0].equals("--only") ? args[1] : "";
    Results results = new Results("allreduce");
    String keys = Security.keys();
    for (Security security : Security.values()) {
      for (int megabytes : MEGABYTES) {
        String name = megabytes + " MB, " + RANKS + " ranks, loopback, " + security.says() + ", bare sockets";
        if (name.contains(only)) measure(name, megabytes, security, keys, results);
      }
    }
    results.write();
  }

  private static void measure(String name, int megabytes, Security security, String keys, Results results)
      throws IOException {
    List<Rank> ranks = new ArrayList<>();
    try {
      connect(ranks, RANKS, megabytes, security, keys);
      List<Double> ours = new ArrayList<>();
      List<Double> bare = new ArrayList<>();
      int sums = warm(ranks, "spark");
      warm(ranks, "bare");
      for (int i = 0; i < WINDOWS; i++) {
        ours.add(rate(ranks, "spark", sums, megabytes));
        bare.add(rate(ranks, "bare", sums, megabytes));
      }
      System.out.println(name + ": " + ours + " against " + bare);
      results.more(name, Results.median(ours), Results.median(bare), "GB/s");
    } finally {
      ranks.forEach(Rank::close);
    }
  }

  private static void connect(List<Rank> ranks, int many, int megabytes, Security security, String... flags)
      throws IOException {
    for (int r = 0; r < many; r++) ranks.add(new Rank(r, many, megabytes, security, flags));
    String addresses = String.join(" ", answers(ranks, "listening"));
    tell(ranks, addresses);
    answers(ranks, "connected");
  }

  /**
   * Seconds of one exchange of the product's communicator over the loopback, the median of the windows.
   *
   * @param how {@code spark}: a sum of a vector; {@code value}: a small value from each to all
   */
  static double seconds(String how, int many, int megabytes) throws IOException {
    List<Rank> ranks = new ArrayList<>();
    try {
      connect(ranks, many, megabytes, Security.PLAIN);
      int times = warm(ranks, how);
      List<Double> found = new ArrayList<>();
      for (int i = 0; i < FEW; i++) found.add(time(ranks, how, times) / times);
      return Results.median(found);
    } finally {
      ranks.forEach(Rank::close);
    }
  }

  /** @return how many sums take about a window */
  private static int warm(List<Rank> ranks, String how) throws IOException {
    int rough = (int) Math.max(1, SECONDS / (time(ranks, how, 5) / 5));
    return (int) Math.max(1, SECONDS / (time(ranks, how, rough) / rough));
  }

  private static double rate(List<Rank> ranks, String how, int sums, int megabytes) throws IOException {
    return sums * 2.0 * (RANKS - 1) / RANKS * megabytes / 1e3 / time(ranks, how, sums);
  }

  /** @return seconds of the slowest rank */
  private static double time(List<Rank> ranks, String how, int sums) throws IOException {
    tell(ranks, how + " " + sums);
    return answers(ranks, "took").stream().mapToDouble(Double::parseDouble).max().orElseThrow();
  }

  private static void tell(List<Rank> ranks, String line) {
    for (Rank rank : ranks) rank.in.println(line);
  }

  private static List<String> answers(List<Rank> ranks, String word) throws IOException {
    List<String> all = new ArrayList<>();
    for (Rank rank : ranks) all.add(rank.answer(word));
    return all;
  }

  /** One rank's process, with this JVM's own class path and flags. */
  private static final class Rank implements AutoCloseable {
    private final Process process;
    private final BufferedReader out;
    private final PrintStream in;

    Rank(int rank, int ranks, int megabytes, Security security, String... flags) throws IOException {
      List<String> command = new ArrayList<>();
      command.add(ProcessHandle.current().info().command().orElse("java"));
      command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
      command.addAll(List.of(flags));
      command.addAll(List.of("-cp", System.getProperty("java.class.path"), AllreduceRank.class.getName(), "" + rank,
          "" + ranks, "" + megabytes, security.name()));
      process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      in = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
    }

    String answer(String word) throws IOException {
      for (String line; (line = out.readLine()) != null;) {
        if (line.startsWith(word)) return line.substring(word.length()).strip();
        System.err.println(line);
      }
      throw new IOException("a rank ended without saying '" + word + "'");
    }

    @Override
    public void close() {
      in.close();
      try {
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly();
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }
}
