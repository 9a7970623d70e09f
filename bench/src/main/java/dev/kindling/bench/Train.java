package dev.kindling.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code bench/run train}: tokens/s and peak resident memory of whole training steps (forward, loss, backward, clipping,
 * AdamW), ours against official PyTorch, eager and compiled, float32 and bf16; one virtual rank, no accumulation.
 */
public final class Train {
  private static final int WINDOWS = 5;
  private static final double SECONDS = 10;
  /** A step leaves little on the heap, and a JVM fills what it may before it cleans up. */
  static final String HEAP = "-Xmx96m";

  private Train() {
  }

  public static void main(String[] args) throws IOException {
    List<String> words = List.of(args);
    int at = words.indexOf("--only");
    String only = at < 0 ? "" : words.get(at + 1);
    if (words.contains("--profile")) {
      TrainProfile.all(only);
      return;
    }
    Results results = new Results("train");
    for (String model : TrainCase.NAMES) {
      for (String precision : List.of("float32", "bf16")) {
        if ((model + " " + precision).contains(only)) measure(model, precision, results);
      }
    }
    results.write();
  }

  private static void measure(String model, String precision, Results results) throws IOException {
    List<Side> sides = new ArrayList<>();
    try {
      sides.add(new Side("Kindling", ours(TrainSide.class, HEAP, model, precision)));
      for (String mode : List.of("eager", "compiled"))
        sides.add(new Side("PyTorch " + mode, peer(model, precision, mode)));
      String[] torch = sides.get(1).version().split(" ", 2);
      results.version(torch[0], torch[1]);
      for (int i = 0; i < WINDOWS; i++) { for (Side side : sides) side.window(SECONDS); }
      double tokens = Results.median(sides.get(0).rates());
      double memory = sides.get(0).peakBytes() / 1e9;
      for (Side peer : sides.subList(1, sides.size())) {
        String row = model + " " + precision + " " + peer.name();
        results.more(row, tokens, Results.median(peer.rates()), "tokens/s");
        results.less(row + ", peak memory", memory, peer.peakBytes() / 1e9, "GB");
        System.out.println(row + ": " + sides.get(0).rates() + " against " + peer.rates());
      }
    } finally {
      sides.forEach(Side::close);
    }
  }

  /** This JVM's own class path and flags, with another main class. @param heap such as {@code -Xmx96m} */
  static List<String> ours(Class<?> main, String heap, String... args) {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of(heap, "-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(args));
    return command;
  }

  private static List<String> peer(String model, String precision, String mode) {
    return List.of(System.getProperty("bench.python"), System.getProperty("bench.home") + "/peers/train.py", model,
        precision, mode);
  }
}
