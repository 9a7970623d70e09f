package dev.kindling.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The rows of one benchmark: a table for people, {@code bench/results/NAME.json} for everything else. A run replaces the rows of its own
 * cases on its own machine in that file and leaves the others ({@code --only}): those of other processors stay beside them.
 */
final class Results {
  /** One case. @param ratio ours / peer, or peer / ours where less is better: above 1 we win */
  record Row(String name, double ours, double peer, double ratio, String unit) {}

  private final String benchmark;
  private final List<Row> rows = new ArrayList<>();
  private final Map<String, String> versions = new LinkedHashMap<>();

  Results(String benchmark) {
    this.benchmark = benchmark;
    versions.put("java", Runtime.version().toString());
  }

  void version(String what, String version) {
    versions.put(what, version);
  }

  void more(String name, double ours, double peer, String unit) {
    rows.add(new Row(name, ours, peer, ours / peer, unit));
  }

  void less(String name, double ours, double peer, String unit) {
    rows.add(new Row(name, ours, peer, peer / ours, unit));
  }

  void write() throws IOException {
    System.out.printf("%n| case | ours | peer | ratio | unit |%n|---|---|---|---|---|%n");
    for (Row r : rows)
      System.out.printf("| %s | %s | %s | %.2f | %s |%n", r.name, digits(r.ours), digits(r.peer), r.ratio, r.unit);
    Path file = Path.of(System.getProperty("bench.home"), "results", benchmark + ".json");
    Files.createDirectories(file.getParent());
    ObjectMapper mapper = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    List<Object> json = new ArrayList<>();
    if (Files.exists(file))
      for (JsonNode earlier : mapper.readTree(file.toFile()).path("rows"))
        if (!earlier.path("machine").asText().equals(machine()) || rows.stream()
            .noneMatch(row -> row.name.equals(earlier.path("case").asText())))
          json.add(earlier);
    for (Row row : rows) json.add(fields(row));
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("benchmark", benchmark);
    all.put("rows", json);
    mapper.writeValue(file.toFile(), all);
    System.out.println("\nwritten to bench/results/" + file.getFileName());
  }

  /** A row as the file has it: it says for itself when and where it was measured, since rows of other runs may stand beside it. */
  private Map<String, Object> fields(Row row) throws IOException {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("case", row.name);
    fields.put("ours", row.ours);
    fields.put("peer", row.peer);
    fields.put("ratio", row.ratio);
    fields.put("unit", row.unit);
    fields.put("day", LocalDate.now(ZoneOffset.UTC).toString());
    fields.put("machine", machine());
    fields.put("versions", versions);
    return fields;
  }

  /** The processor and its cores. */
  static String machine() throws IOException {
    return processor() + ", " + Runtime.getRuntime().availableProcessors() + " cores";
  }

  static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int n = sorted.size();
    return n % 2 == 1 ? sorted.get(n / 2) : (sorted.get(n / 2 - 1) + sorted.get(n / 2)) / 2;
  }

  private static String processor() throws IOException {
    String name = "unknown";
    String flags = "";
    for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
      if (line.startsWith("model name")) name = line.substring(line.indexOf(':') + 2);
      if (line.startsWith("flags")) flags = line;
    }
    String best = flags.contains("amx_bf16")
        ? "AMX"
        : flags.contains("avx512_bf16") ? "AVX-512 bf16" : flags.contains("avx512f") ? "AVX-512" : "AVX2";
    return name + " (" + best + ")";
  }

  /** Four significant digits, without an exponent. */
  private static String digits(double value) {
    return new BigDecimal(value).round(new MathContext(4)).toPlainString();
  }
}
