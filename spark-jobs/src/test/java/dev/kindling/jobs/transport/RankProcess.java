package dev.kindling.jobs.transport;

import dev.kindling.train.collective.VirtualRankTree;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** A rank in a process of its own, which can be killed and frozen. It meets the others and then makes no call. */
final class RankProcess implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 100;
  private final Process process;
  private final BufferedReader out;
  private final String address;

  /** @param silence that it allows to the others */
  RankProcess(int rank, int worldSize, Duration silence) throws IOException {
    List<String> command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(List.of(System.getProperty("kindling.jvm.flags").split("\\s+")));
    command.addAll(List.of("-Xmx100m", "-cp",
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
        RankProcess.class.getName(), "" + rank, "" + worldSize, "" + silence.toMillis()));
    process = new ProcessBuilder(command).redirectError(Redirect.DISCARD).start();
    CompletableFuture.delayedExecutor(PATIENCE_SECONDS, TimeUnit.SECONDS)
        .execute(process.toHandle()::destroyForcibly);       // nothing else ends a readLine
    out = process.inputReader(StandardCharsets.UTF_8);
    address = out.readLine();
  }

  String address() {
    return address;
  }

  /** The others connect meanwhile. */
  void connect(List<String> addresses) throws IOException {
    process.outputWriter().append(String.join(" ", addresses)).append('\n').flush();
  }

  /** Returns when it has met all. */
  void awaitMet() throws IOException {
    String line = out.readLine();
    if (!"met".equals(line)) throw new IOException("the process says " + line);
  }

  /** @param name such as KILL */
  void signal(String name) throws IOException, InterruptedException {
    int code = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    if (code != 0) throw new IOException("kill ended with " + code);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** @param args rank, ranks, allowed silence in ms */
  public static void main(String[] args) throws IOException {
    int rank = Integer.parseInt(args[0]), worldSize = Integer.parseInt(args[1]);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Duration silence = Duration.ofMillis(Long.parseLong(args[2]));
    try (SparkCommunicator communicator = SparkCommunicator.listen(rank, worldSize, new VirtualRankTree(worldSize),
        Ranks.link(Map.of(), Ranks.SECRET, 1, silence))) {
      System.out.println(communicator.address());
      communicator.connect(List.of(in.readLine().split(" ")));
      System.out.println("met");
      in.readLine();                             // to its end
    }
  }
}
