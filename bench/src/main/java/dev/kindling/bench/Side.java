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
 * One warm process that works only when told to: it says {@code ready}, maybe with its version, answers each {@code go SECONDS} with
 * {@code window WORK SECONDS} and the end of its input with {@code peak BYTES}.
 */
final class Side implements AutoCloseable {
  private final String name;
  private final Process process;
  private final BufferedReader out;
  private final PrintStream in;
  private final String version;
  private final List<Double> rates = new ArrayList<>();

  Side(String name, List<String> command) throws IOException {
    this.name = name;
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    in = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
    version = String.join(" ", answer("ready")).substring("ready".length()).strip();
  }

  String name() {
    return name;
  }

  /** What it computes with, such as {@code torch 2.13.0+cpu}; empty where it does not say. */
  String version() {
    return version;
  }

  /** Works for about so many seconds, never less than one whole unit of work. */
  void window(double seconds) throws IOException {
    in.println("go " + seconds);
    String[] words = answer("window");
    rates.add(Double.parseDouble(words[1]) / Double.parseDouble(words[2]));
  }

  /** Work a second, by window. */
  List<Double> rates() {
    return rates;
  }

  /** Ends the process. @return its peak resident memory in bytes */
  long peakBytes() throws IOException {
    in.close();
    return Long.parseLong(answer("peak")[1]);
  }

  private String[] answer(String word) throws IOException {
    for (String line; (line = out.readLine()) != null;) {
      if (line.equals(word) || line.startsWith(word + " ")) return line.split(" ");
      System.err.println(name + ": " + line);
    }
    throw new IOException(name + " ended without saying '" + word + "'");
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
