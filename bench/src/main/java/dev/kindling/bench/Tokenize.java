package dev.kindling.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.knuddels.jtokkit.Encodings;
import dev.kindling.data.corpus.BundledCorpus;
import dev.kindling.data.tokenizer.TiktokenRanks;
import dev.kindling.data.tokenizer.WordPattern;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/**
 * {@code bench/run tokenize}: MB of UTF-8 a second that become ids, ours against Hugging Face tokenizers (in the JVM through DJL,
 * and in Python), tiktoken and JTokkit, with OpenAI's vocabularies from JTokkit's jar; on one core and on two. All have given the
 * same ids before the first window. Then what the worst words cost us, against our own prose.
 */
public final class Tokenize {
  private static final int WINDOWS = 5;
  private static final double SECONDS = 2;
  private static final String HEAP = "-Xmx900m";
  private static final Map<String, WordPattern> VOCABULARIES = new LinkedHashMap<>();
  static {
    VOCABULARIES.put("cl100k_base", WordPattern.LLAMA3);
    VOCABULARIES.put("o200k_base", WordPattern.O200K);
  }

  private Tokenize() {
  }

  public static void main(String[] args) throws IOException {
    List<String> words = List.of(args);
    int at = words.indexOf("--only");
    String only = at < 0 ? "" : words.get(at + 1);
    Path folder = Files.createTempDirectory("tokenize");
    Map<String, Path> texts = Map.of("prose", write(folder, "prose", prose()), "code", write(folder, "code", code()));
    Results results = new Results("tokenize");
    for (String vocabulary : VOCABULARIES.keySet()) {
      writeVocabulary(folder, vocabulary);
      for (String text : List.of("prose", "code")) {
        for (int cores : List.of(1, 2)) {
          String name = vocabulary + " " + text + " " + cores + (cores == 1 ? " core" : " cores");
          if (name.contains(only)) compare(name, folder.resolve(vocabulary), texts.get(text), cores, results);
        }
      }
      if ((vocabulary + " worst").contains(only)) worst(vocabulary, folder, texts.get("prose"), results);
    }
    results.write();
  }

  private static void compare(String name, Path vocabulary, Path text, int cores, Results results) throws IOException {
    List<Side> sides = new ArrayList<>();
    try {
      for (String engine : List.of("kindling", "djl", "jtokkit"))
        sides.add(new Side(engine, java(engine, vocabulary, text, cores)));
      for (String engine : List.of("tokenizers", "tiktoken"))
        sides.add(new Side(engine, python(engine, vocabulary, text, cores)));
      for (Side side : sides) {
        String[] said = side.version().split(" ");            // library, version, check sum of its ids
        results.version(side.name(), said[1]);
        if (!said[2].equals(sides.get(0).version().split(" ")[2]))
          throw new IllegalStateException(name + ": " + side.name() + " gives other ids than ours");
      }
      for (int i = 0; i < WINDOWS; i++) { for (Side side : sides) side.window(SECONDS); }
      double ours = Results.median(sides.get(0).rates()) / 1e6;
      for (Side peer : sides.subList(1, sides.size()))
        results.more(name + ", " + peer.name(), ours, Results.median(peer.rates()) / 1e6, "MB/s");
    } finally {
      sides.forEach(Side::close);
    }
  }

  private static void worst(String vocabulary, Path folder, Path prose, Results results) throws IOException {
    Random random = new Random(1);
    StringBuilder letters = new StringBuilder();
    while (letters.length() < 1_000_000) letters.append((char) ('a' + random.nextInt(26)));
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("a million times a", "a".repeat(1_000_000));
    texts.put("a million spaces", " ".repeat(1_000_000));
    texts.put("a million of one emoji", "\uD83D\uDE00".repeat(1_000_000));
    texts.put("a million random letters", letters.toString());
    for (Map.Entry<String, String> text : texts.entrySet()) {
      Path file = write(folder, "worst", List.of(text.getValue()));
      try (Side it = new Side("kindling", java("kindling", folder.resolve(vocabulary), file, 1));
          Side known = new Side("kindling", java("kindling", folder.resolve(vocabulary), prose, 1))) {
        for (int i = 0; i < WINDOWS; i++) { for (Side side : List.of(it, known)) side.window(SECONDS / 2); }
        results.more(vocabulary + " worst, " + text.getKey() + " against prose", Results.median(it.rates()) / 1e6,
            Results.median(known.rates()) / 1e6, "MB/s");
      }
    }
  }

  private static List<String> prose() throws IOException {
    List<String> documents = new ArrayList<>();
    try (BufferedReader lines = new BufferedReader(
        new InputStreamReader(BundledCorpus.open(), StandardCharsets.UTF_8))) {
      for (String line; (line = lines.readLine()) != null;)
        documents.add(new ObjectMapper().readTree(line).get("text").textValue());
    }
    return documents;
  }

  /** The Java sources of this repository. */
  private static List<String> code() throws IOException {
    List<String> files = new ArrayList<>();
    try (Stream<Path> all = Files.walk(Path.of(System.getProperty("bench.home")).getParent())) {
      for (Path file : (Iterable<Path>) all.filter(file -> file.toString().endsWith(".java")).sorted()::iterator)
        files.add(Files.readString(file));
    }
    return files;
  }

  private static Path write(Path folder, String name, List<String> texts) throws IOException {
    Path file = folder.resolve(name + ".json");
    new ObjectMapper().writeValue(file.toFile(), texts);
    return file;
  }

  /** {@code NAME/ranks.tiktoken} and {@code NAME/tokenizer.json}. */
  private static void writeVocabulary(Path folder, String name) throws IOException {
    Path of = Files.createDirectories(folder.resolve(name));
    try (InputStream in = Encodings.class.getResourceAsStream("/com/knuddels/jtokkit/" + name + ".tiktoken")) {
      String ranks = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
      Files.writeString(of.resolve("ranks.tiktoken"), ranks);
      Files.writeString(of.resolve("tokenizer.json"),
          TiktokenRanks.read(ranks, name, VOCABULARIES.get(name), Map.of()).json());
    }
  }

  private static List<String> java(String engine, Path vocabulary, Path text, int cores) {
    List<String> command = pinned(cores);
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of(HEAP, "-cp", System.getProperty("java.class.path"), TokenizeSide.class.getName(), engine,
        vocabulary.toString(), text.toString(), String.valueOf(cores)));
    return command;
  }

  private static List<String> python(String engine, Path vocabulary, Path text, int cores) {
    List<String> command = pinned(cores);
    command
        .addAll(List.of(System.getProperty("bench.python"), System.getProperty("bench.home") + "/peers/tokenizing.py",
            engine, vocabulary.toString(), text.toString(), String.valueOf(cores)));
    return command;
  }

  /** One core means all of a process, a JVM's collector and compiler too. */
  private static List<String> pinned(int cores) {
    return new ArrayList<>(List.of("taskset", "-c", cores == 1 ? "0" : "0-" + (cores - 1)));
  }
}
