package dev.kindling.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/** A standalone cluster on this machine, as {@code cluster/standalone} starts and stops it; every worker has one core. */
final class StandaloneHost implements AutoCloseable {
  private static final Pattern WORKER = Pattern.compile("worker-\\d+: .*\\(process (\\d+)\\)");
  private static final int LONGEST_END_SECONDS = 10;
  private final Path root;
  private final Path folder;
  private final String master;
  private List<ProcessHandle> workers = List.of();

  private StandaloneHost(Path root, Path folder, String master) {
    this.root = root;
    this.folder = folder;
    this.master = master;
  }

  static StandaloneHost start(Path root, Path folder, int workers) throws IOException {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    StandaloneHost host = new StandaloneHost(root, folder, "spark://127.0.0.1:" + port);
    try {
      String said = host.script("start", "--host", "127.0.0.1", "--port", "" + port, "--webui-port", "0", "--workers",
          "" + workers, "--cores", "1", "--memory", "2g");
      host.workers = WORKER.matcher(said).results().map(found -> process(found.group(1))).toList();
      return host;
    } catch (IOException | RuntimeException e) {             // some of it may run already
      try {
        host.close();
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  String master() {
    return master;
  }

  /** The executors' processes, one a worker at the most. */
  List<ProcessHandle> executors() {
    return workers.stream().flatMap(ProcessHandle::children).toList();
  }

  /** @return whether there was such a process still */
  static boolean signal(String name, ProcessHandle process) throws IOException {
    return ended(new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start()) == 0;
  }

  /** A process that was killed has gone. @throws IOException where it has not within 10 s */
  static void awaitEnd(ProcessHandle process) throws IOException {
    try {
      process.onExit().get(LONGEST_END_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new IOException("process " + process.pid() + " is still there " + LONGEST_END_SECONDS + " s after SIGKILL",
          e);
    } catch (ExecutionException e) {
      throw new IOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private static int ended(Process process) throws IOException {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private static ProcessHandle process(String pid) {
    return ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
  }

  private String script(String name, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(
        List.of("bash", root.resolve("cluster/standalone").resolve(name).toString()));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("KINDLING_CLUSTER_DIR", folder.resolve("cluster").toString());
    builder.environment().remove("SPARK_HOME");
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (ended(process) != 0) throw new IOException(command + ": " + said);
    return said;
  }

  @Override
  public void close() throws IOException {
    script("stop");
  }
}
