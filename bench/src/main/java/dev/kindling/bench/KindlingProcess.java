package dev.kindling.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** {@code ./kindling} in a process of its own, whose lines are taken with the time of their coming. */
final class KindlingProcess implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 300;
  private static final double NANOS = 1e9;

  /** @param at seconds since the process was started; no text: its end */
  record Line(double at, Optional<String> text) {}

  private final Process process;
  private final long start;
  private final BlockingQueue<Line> lines = new LinkedBlockingQueue<>();
  private final List<String> taken = new ArrayList<>();

  private KindlingProcess(Process process, long start) {
    this.process = process;
    this.start = start;
    Thread reader = new Thread(this::read, "lines");
    reader.setDaemon(true);
    reader.start();
  }

  /** @param root of the checkout; @param folder for its log */
  static KindlingProcess start(Path root, Path folder, List<String> arguments, Map<String, String> environment)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("bash", root.resolve("kindling").toString()));
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
    builder.environment().remove("SPARK_HOME");
    builder.environment().put("KINDLING_LOG", folder.resolve("kindling.log").toString());
    builder.environment().putAll(environment);
    long start = System.nanoTime();
    return new KindlingProcess(builder.start(), start);
  }

  private void read() {
    try (BufferedReader out = process.inputReader()) {
      for (String line = out.readLine(); line != null; line = out.readLine())
        lines.add(new Line(now(), Optional.of(line)));
    } catch (IOException e) {
      // it was ended
    }
    lines.add(new Line(now(), Optional.empty()));
  }

  /** Seconds since the start. */
  double now() {
    return (System.nanoTime() - start) / NANOS;
  }

  /** The next line that holds that text. @throws IOException where the process ends before it, or takes too long */
  Line until(String text) throws IOException {
    while (true) {
      Line line = take();
      if (line.text().isEmpty()) throw new IOException("kindling ended before it said '" + text + "':\n" + told());
      if (line.text().get().contains(text)) return line;
    }
  }

  private Line take() throws IOException {
    try {
      Line line = lines.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (line == null) throw new IOException("kindling said nothing for " + PATIENCE_SECONDS + " s:\n" + told());
      line.text().ifPresent(taken::add);
      return line;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private String told() {
    return String.join("\n", taken.subList(Math.max(0, taken.size() - 20), taken.size()));
  }

  /** Waits for its end. @throws IOException where it did not go well */
  void end() throws IOException {
    while (take().text().isPresent()) {}
    try {
      if (process.waitFor() != 0) throw new IOException("kindling ended with " + process.exitValue() + ":\n" + told());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  @Override
  public void close() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
