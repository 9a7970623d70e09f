package dev.kindling.jobs.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A tiny {@code prep} and two steps of a tiny {@code pretrain}, from the commands on: what a driver loads. Then what their executor, a
 * process of its own, told to have loaded. The JVM that runs this archives the classes of Spark's that it has loaded (JEP 350), so
 * that later drivers and executors start faster.
 */
public final class Rehearsal {
  private static final int DOCUMENTS = 200;

  private Rehearsal() {
  }

  /** @param args an empty folder to work in; where the executor logs what it loads ({@code -Xlog:class+load}) */
  public static void main(String[] args) throws IOException {
    Path folder = Path.of(args[0]).toAbsolutePath();
    String corpus = IntStream.range(0, DOCUMENTS)
        .mapToObj(i -> "{\"text\": \"The year " + i + " was good, and that of " + (i + 7) + " will be better.\"}\n")
        .collect(Collectors.joining());
    Path texts = Files.writeString(folder.resolve("corpus.jsonl"), corpus);
    String data = folder.resolve("data").toString();
    try (Sessions.Shared shared = Sessions.shared()) {
      verb(List.of("prep", "--in", texts.toString(), "--out", data), "vocabularySize=280", "sequenceLength=16");
      verb(List.of("pretrain", "--data", data, "--out", folder.resolve("run").toString()), "model.layers=1",
          "model.heads=1", "model.width=32", "train.virtualRanks=2", "train.steps=2", "cluster.kernels=plain");
    }
    System.out.println(load(Path.of(args[1])) + " classes of an executor's");
  }

  private static void verb(List<String> command, String... settings) {
    List<String> words = new ArrayList<>(command);
    for (String setting : settings) words.addAll(List.of("--set", setting));
    int code = Kindling.run(new PrintWriter(System.out, true), new PrintWriter(System.err, true),
        words.toArray(String[]::new));
    if (code != 0) System.exit(code);
  }

  /** Lines as {@code [0.5s][info][class,load] name source: file:/...jar}. @return how many of the classes are on this class path */
  private static long load(Path log) throws IOException {
    try (Stream<String> lines = Files.lines(log)) {
      return lines.filter(line -> line.contains(" source: file:"))
          .map(line -> line.substring(line.lastIndexOf("] ", line.indexOf(" source: ")) + 2, line.indexOf(" source: ")))
          .filter(Rehearsal::isThere).count();
    }
  }

  private static boolean isThere(String type) {
    try {
      Class.forName(type, false, ClassLoader.getSystemClassLoader());
      return true;
    } catch (ClassNotFoundException | LinkageError e) {
      return false;                              // Kindling's own, or made while it ran
    }
  }
}
