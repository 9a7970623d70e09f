package dev.kindling.cluster;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Two network namespaces of Linux with addresses of their own, joined by a cable that carries 1 Gbit/s. To make them needs root and
 * {@code iproute2}.
 */
final class TwoHosts implements AutoCloseable {
  private static final String NUMBER = Long.toString(ProcessHandle.current().pid() % 100_000);
  private static final List<String> NAMES = List.of("kindling-a-" + NUMBER, "kindling-b-" + NUMBER);
  private static final List<String> CABLE = List.of("ka" + NUMBER, "kb" + NUMBER);

  /** Whether this process may make them; the output says where it may not. */
  static boolean canBeMade() throws InterruptedException {
    try {
      ip("netns", "add", "kindling-try-" + NUMBER);
      ip("netns", "del", "kindling-try-" + NUMBER);
      return true;
    } catch (IOException e) {
      System.out.println("what happens between two hosts is not tested: network namespaces need root and iproute2 ("
          + e.getMessage().strip() + ")");
      return false;
    }
  }

  TwoHosts() throws IOException, InterruptedException {
    try {
      make();
    } catch (IOException | InterruptedException | RuntimeException e) {
      removeWhatIsThere();
      throw e;
    }
  }

  private void make() throws IOException, InterruptedException {
    for (String name : NAMES) ip("netns", "add", name);
    ip("link", "add", CABLE.get(0), "type", "veth", "peer", "name", CABLE.get(1));
    for (int host = 0; host < 2; host++) {
      String name = NAMES.get(host);
      String end = CABLE.get(host);
      ip("link", "set", end, "netns", name);
      ip("-n", name, "addr", "add", address(host) + "/24", "dev", end);
      ip("-n", name, "link", "set", "lo", "up");
      ip("-n", name, "link", "set", end, "up");
      ip("netns", "exec", name, "tc", "qdisc", "add", "dev", end, "root", "tbf", "rate", "1gbit", "burst", "1mb",
          "latency",
          "50ms");
    }
  }

  /** @param host 0 or 1 */
  String address(int host) {
    return "10.77.0." + (host + 1);
  }

  /** Nothing comes through any more, and nobody is told. */
  void cut() {
    cable("down");
  }

  void mend() {
    cable("up");
  }

  private static void cable(String state) {
    try {
      ip("-n", NAMES.get(0), "link", "set", CABLE.get(0), state);
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs a command on a host. @param told is given each line; @return all lines; @throws IOException where it does not end with 0 */
  List<String> run(int host, Map<String, String> environment, Path folder, Consumer<String> told, List<String> words)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", NAMES.get(host)));
    command.addAll(words);
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().remove("SPARK_HOME");
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().putAll(environment);
    Process process = builder.start();
    List<String> lines = new ArrayList<>();
    try (BufferedReader out = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        lines.add(line);
        told.accept(line);
      }
    } finally {
      if (!process.waitFor(60, TimeUnit.SECONDS)) process.destroyForcibly();
    }
    if (process.exitValue() != 0) throw new IOException(command + ":\n" + String.join("\n", lines));
    return lines;
  }

  private static void ip(String... words) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("ip"));
    command.addAll(List.of(words));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) throw new IOException(command + ": " + said);
  }

  private static void removeWhatIsThere() {
    List<List<String>> parts = new ArrayList<>();
    for (String name : NAMES) parts.add(List.of("netns", "del", name));
    for (String end : CABLE) parts.add(List.of("link", "del", end));           // where no namespace has it yet
    for (List<String> part : parts) {
      try {
        ip(part.toArray(String[]::new));
      } catch (IOException | InterruptedException notThere) {
        // the failure itself is told
      }
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    for (String name : NAMES) ip("netns", "del", name);
  }
}
