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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code ./kindling} in a process of its own, whose lines are taken with the time of their coming. */
final class KindlingProcess implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 300;
  private static final double NANOS = 1e9;
  private static final Pattern RANKS = Pattern.compile("(\\d+) ranks?, one an executor, .*");

  /** @param at seconds since the process was started; no text: its end */
  record Line(double at, Optional<String> text) {}

  private final Process process;
  private final long start;
  private final BlockingQueue<Line> lines = new LinkedBlockingQueue<>();
  private final List<String> taken = new ArrayList<>();
  private int ranks;                             // of the newest attempt
  private int steps;                             // that it has told of
  private int saves;

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

  /** Whether a process is younger than this one. */
  boolean isBefore(ProcessHandle other) {
    return !other.info().startInstant().orElseThrow().isBefore(process.info().startInstant().orElseThrow());
  }

  /** Seconds since the start. */
  double now() {
    return (System.nanoTime() - start) / NANOS;
  }

  /** The next line that holds that text. @throws IOException where the process ends before it, or takes too long */
  Line until(String text) throws IOException {
    double end = now() + PATIENCE_SECONDS;
    while (true) {
      Line line = before(end, "it said '" + text + "'");
      if (line.text().orElseThrow().contains(text)) return line;
    }
  }

  /**
   * Waits until the newest attempt has that many ranks, has trained, and has saved so often from now on: a run that lost a rank
   * may come back on all of them at once, or on fewer and grow at a later checkpoint.
   */
  void untilSaved(int times, int onRanks) throws IOException {
    double end = now() + PATIENCE_SECONDS;
    saves = 0;
    while (ranks != onRanks || steps == 0 || saves < times) {
      before(end, "it had saved " + times + " times on " + onRanks + " ranks (it has " + ranks + ")");
    }
  }

  private Line before(double end, String what) throws IOException {
    Line line = take();
    if (line.text().isEmpty()) throw new IOException("kindling ended before " + what + ":\n" + told());
    if (line.at() > end) throw new IOException(PATIENCE_SECONDS + " s went by before " + what + ":\n" + told());
    return line;
  }

  private Line take() throws IOException {
    try {
      Line line = lines.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
      if (line == null) throw new IOException("kindling said nothing for " + PATIENCE_SECONDS + " s:\n" + told());
      line.text().ifPresent(this::note);
      return line;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }

  private void note(String text) {
    taken.add(text);
    Matcher attempt = RANKS.matcher(text);
    if (attempt.matches()) {
      ranks = Integer.parseInt(attempt.group(1));
      steps = 0;
      saves = 0;
    } else if (text.contains("  loss ")) {
      steps++;
    } else if (text.contains(": saved ")) { saves++; }
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
