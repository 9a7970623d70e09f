package dev.kindling.jobs.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Small corpora of lines that tell their file, and the smallest model that reads them. */
final class Greetings {
  private Greetings() {
  }

  /** Writes {@code NAME.txt}. @return the file */
  static Path write(Path folder, String name, int lines) throws IOException {
    return Files.writeString(Files.createDirectories(folder).resolve(name + ".txt"), IntStream.range(0, lines)
        .mapToObj(i -> name + i + " greetings from the year " + (1790 + i) + " and from " + name + "\n")
        .collect(Collectors.joining()));
  }

  /** To a dataset of rows of 16. @param more settings */
  static String[] prep(Path in, Path out, String... more) {
    return verb(Stream.of("prep", "--in", in.toString(), "--out", out.toString()),
        Stream.of("format=lines", "vocabularySize=280", "sequenceLength=16", "heldOutPercent=20"), more);
  }

  /** Two virtual ranks that read two rows each. @param first the verb, and what stands before its settings; @param more settings */
  static String[] pretrain(Stream<String> first, int steps, String... more) {
    return verb(first, Stream.of("model.layers=1", "model.width=16", "model.heads=2", "train.steps=" + steps,
        "train.virtualRanks=2", "train.microBatch=2"), more);
  }

  private static String[] verb(Stream<String> first, Stream<String> usual, String... more) {
    return Stream.concat(first, Stream.concat(usual, Stream.of(more)).flatMap(setting -> Stream.of("--set", setting)))
        .toArray(String[]::new);
  }
}
