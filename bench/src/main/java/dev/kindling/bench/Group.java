package dev.kindling.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Several processes that work together and only when the first of them is told to, as a {@link Side} is. Each may say {@code listening
 * ADDRESS} at first; then all are told all addresses.
 */
final class Group implements AutoCloseable {
  private final String name;
  private final List<Process> processes = new ArrayList<>();
  private final List<BufferedReader> outs = new ArrayList<>();
  private final List<PrintStream> ins = new ArrayList<>();
  private final List<Double> rates = new ArrayList<>();
  private String version = "";

  /** @param commands by rank; @param listen whether they say where they listen */
  Group(String name, List<List<String>> commands, boolean listen) throws IOException {
    this.name = name;
    for (List<String> command : commands) {
      Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      processes.add(process);
      outs.add(new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8)));
      ins.add(new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8));
    }
    if (!listen) return;
    List<String> addresses = new ArrayList<>();
    for (int r = 0; r < commands.size(); r++) addresses.add(answer(r, "listening")[1]);
    for (PrintStream in : ins) in.println(String.join(" ", addresses));
  }

  /** Waits until a whole step is done. */
  Group ready() throws IOException {
    version = String.join(" ", answer(0, "ready")).substring("ready".length()).strip();
    return this;
  }

  String name() {
    return name;
  }

  /** What it computes with; empty where it does not say. */
  String version() {
    return version;
  }

  void window(double seconds) throws IOException {
    ins.get(0).println("go " + seconds);
    String[] words = answer(0, "window");
    rates.add(Double.parseDouble(words[1]) / Double.parseDouble(words[2]));
  }

  /** Work a second, by window. */
  List<Double> rates() {
    return rates;
  }

  private String[] answer(int rank, String word) throws IOException {
    for (String line; (line = outs.get(rank).readLine()) != null;) {
      if (line.equals(word) || line.startsWith(word + " ")) return line.split(" ");
      System.err.println(name + ": " + line);
    }
    throw new IOException(name + " ended without saying '" + word + "'");
  }

  @Override
  public void close() {
    for (int r = ins.size() - 1; r >= 0; r--) ins.get(r).close();  // the first, which others wait for, last
    for (Process process : processes) {
      try {
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly();
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }
}
