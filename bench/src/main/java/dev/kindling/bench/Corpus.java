package dev.kindling.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.data.corpus.BundledCorpus;
import dev.kindling.data.job.PrepReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/**
 * {@code bench/run corpus}: at least 200 MB of distinct real text, the bundled corpus and what {@code bench/sources} fetches, through
 * {@code ./kindling prep} in one process with two cores and 2 GB of heap, and on two executors with one core and 1 GB each. Every stage
 * has its MB/s, of the text that was read, and its share of the time from the command to its end. {@code --megabytes N} takes less
 * text; {@code --only local} leaves the executors out and writes no results.
 */
public final class Corpus {
  private static final Path HOME = Path.of(System.getProperty("bench.home")).toAbsolutePath();
  private static final String REST = "start and all else";
  private static final String WHOLE = "whole";

  private Corpus() {
  }

  public static void main(String[] args) throws IOException {
    List<String> words = List.of(args);
    int megabytes = words.contains("--megabytes")
        ? Integer.parseInt(words.get(words.indexOf("--megabytes") + 1))
        : 210;
    Path folder = HOME.resolve("target/corpus");
    delete(folder);
    Path texts = Files.createDirectories(folder.resolve("texts"));
    Path bundled = Path
        .of(BundledCorpus.extract(new Configuration(), new org.apache.hadoop.fs.Path(texts.toUri())).toUri());
    long prose = Files.size(bundled);
    SourceTexts.Written sources = SourceTexts.write(HOME.resolve("target/sources"), texts,
        megabytes * 1_000_000L - prose);
    double read = (prose + sources.bytes()) / 1e6;
    System.out.printf("%,d distinct texts of sources and %s, %.1f MB%n", sources.texts(), BundledCorpus.FILE, read);
    Files.writeString(folder.resolve("prep.yaml"), """
        input: %s
        clean: { mask: [email] }
        dedup: { exact: true, near: { threshold: 0.8 } }
        vocabularySize: 16384
        sequenceLength: 1024
        """.formatted(texts));
    Map<String, Double> local = prep(folder, "local", List.of("--master", "local[2]"), List.of(), "2g");
    table("one process, two cores, 2 GB of heap", local, read);
    if (words.contains("local")) return;
    Map<String, Double> executors;
    try (StandaloneHost host = StandaloneHost.start(HOME.getParent(), folder, 2)) {
      executors = prep(folder, "executors", List.of("--master", host.master()),
          List.of("--", "--executor-memory", "1g"),
          "1g");
    }
    table("two executors, a core and 1 GB of heap each", executors, read);
    Results results = new Results("corpus");
    executors.forEach((stage, seconds) -> results.more(
        String.format("%.0f MB, %s: two executors against one process", read, stage), read / seconds,
        read / local.get(stage), "MB/s"));
    results.write();
  }

  /** @return seconds by stage, and of the whole command */
  private static Map<String, Double> prep(Path folder, String name, List<String> master, List<String> submit,
      String heap) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("prep", folder + "/prep.yaml", "--out", folder + "/" + name));
    arguments.addAll(master);
    arguments.addAll(submit);
    double end;
    try (KindlingProcess process = KindlingProcess.start(HOME.getParent(), folder, arguments,
        Map.of("SPARK_LOCAL_IP", "127.0.0.1", "KINDLING_MEMORY", heap))) {
      process.end();
      end = process.now();
    }
    Map<String, Double> seconds = new LinkedHashMap<>();
    JsonNode report = new ObjectMapper().readTree(folder.resolve(name).resolve(PrepReport.FILE).toFile());
    report.path("seconds").fields().forEachRemaining(stage -> seconds.put(stage.getKey(), stage.getValue().asDouble()));
    seconds.put(REST, end - seconds.values().stream().mapToDouble(Double::doubleValue).sum());
    seconds.put(WHOLE, end);
    return seconds;
  }

  private static void table(String title, Map<String, Double> seconds, double megabytes) {
    System.out.printf("%n%s:%n%n| stage | s | MB/s | share |%n|---|---|---|---|%n", title);
    seconds.forEach((stage, took) -> System.out.printf("| %s | %.1f | %.1f | %.0f%% |%n", stage, took,
        megabytes / took, 100 * took / seconds.get(WHOLE)));
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) return;
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
    }
  }
}
