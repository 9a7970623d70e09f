package dev.kindling.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.jobs.simulate.Cluster;
import dev.kindling.jobs.simulate.Crossover;
import dev.kindling.jobs.simulate.Scheme;
import dev.kindling.jobs.simulate.StepCosts;
import dev.kindling.jobs.simulate.StepModel;
import dev.kindling.jobs.simulate.StepTime;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@code docs/cluster-size.md}, whose tables stand between two comments, and its plot, {@code docs/cluster-size.html}. */
final class ClusterSizePage {
  private static final int[] EXECUTORS = {1, 2, 4, 8, 64, 512};
  private static final int[] GIGABITS = {10, 100};
  private static final int CORES = 16;           // of an executor
  private static final int VIRTUAL_RANKS = 8;
  private static final int MICRO_BATCHES = 8;    // of an executor in a step
  private static final double LATENCY = 1e-4;
  private static final String BEGIN = "<!-- simulated: bench/run simulate writes from here -->";
  private static final String END = "<!-- to here -->";

  private ClusterSizePage() {
  }

  /** @param where the costs were measured, and when */
  static void write(CostSide.Found found, String where) throws IOException {
    Path docs = Path.of(System.getProperty("bench.home"), "..", "docs").normalize();
    List<Scheme> schemes = Simulate.schemes(found.codecs());
    String tables = tables(found.costs(), schemes, where);
    System.out.println(tables);
    Path page = docs.resolve("cluster-size.md");
    String text = Files.readString(page);
    int begin = text.indexOf(BEGIN) + BEGIN.length(), end = text.indexOf(END);
    Files.writeString(page, text.substring(0, begin) + "\n" + tables + text.substring(end));
    Files.writeString(docs.resolve("cluster-size.html"), plot(found.costs(), schemes));
  }

  private static StepTime step(StepCosts costs, int executors, double gigabits, Scheme scheme) {
    Cluster cluster = Cluster.of(executors, CORES, gigabits, LATENCY);
    return new StepModel(costs, cluster, virtualRanks(executors), accumulate(executors)).of(scheme);
  }

  private static int virtualRanks(int executors) {
    return Math.max(VIRTUAL_RANKS, executors);
  }

  private static int accumulate(int executors) {
    return MICRO_BATCHES * executors / virtualRanks(executors);
  }

  private static String tables(StepCosts costs, List<Scheme> schemes, String where) {
    StringBuilder all = new StringBuilder();
    all.append(String.format(Locale.ROOT,
        "%nCosts measured on %s: a micro-batch of %s takes %.2f s of a core, a byte that is sent and another that is received %.2f ns, a "
            + "message %.0f µs, a call that moves vectors %.1f ms.%n",
        where, Simulate.MODEL, costs.microBatch(), costs.sent() * 1e9, costs.message() * 1e6, costs.call() * 1e3));
    for (int gigabits : GIGABITS) {
      all.append(
          String.format("%nSeconds of a step, and the share of it that is network, at %d Gbit/s:%n%n", gigabits));
      all.append("| executors |");
      for (Scheme s : schemes) all.append(" ").append(s.name()).append(" |");
      all.append("\n|---|").append("---|".repeat(schemes.size())).append('\n');
      for (int executors : EXECUTORS) {
        all.append("| ").append(executors).append(" |");
        for (Scheme s : schemes) {
          StepTime time = step(costs, executors, gigabits, s);
          all.append(String.format(Locale.ROOT, " %.3f (%.0f%%) |", time.total(), 100 * time.networkShare()));
        }
        all.append('\n');
      }
    }
    return all.append(crossovers(costs, schemes)).append('\n').toString();
  }

  private static String crossovers(StepCosts costs, List<Scheme> schemes) {
    StringBuilder all = new StringBuilder(
        "\nGbit/s of an executor's link below which a step is shorter than an exact one:\n\n| executors |");
    List<Scheme> others = schemes.subList(1, schemes.size());
    for (Scheme s : others) all.append(" ").append(s.name()).append(" |");
    all.append("\n|---|").append("---|".repeat(others.size())).append('\n');
    for (int executors : Arrays.copyOfRange(EXECUTORS, 1, EXECUTORS.length)) {
      all.append("| ").append(executors).append(" |");
      for (Scheme s : others) {
        double at = Crossover.gigabits(costs, Cluster.of(executors, CORES, 1, LATENCY), virtualRanks(executors),
            accumulate(executors), s, schemes.get(0));
        all.append(
            at == 0 ? " never |" : Double.isInfinite(at) ? " always |" : String.format(Locale.ROOT, " %.1f |", at));
      }
      all.append('\n');
    }
    return all.toString();
  }

  /** Tokens a second of an executor beside that of one alone, over the number of executors. */
  private static String plot(StepCosts costs, List<Scheme> schemes) throws IOException {
    List<Map<String, Object>> charts = new ArrayList<>();
    for (int gigabits : GIGABITS) {
      List<Object> points = new ArrayList<>();
      points.add(EXECUTORS);
      for (Scheme s : schemes) {
        double alone = step(costs, 1, gigabits, schemes.get(0)).total();
        points.add(Arrays.stream(EXECUTORS).mapToDouble(n -> alone / step(costs, n, gigabits, s).total()).toArray());
      }
      charts.add(Map.of("title", gigabits + " Gbit/s", "names", schemes.stream().map(Scheme::name).toList(), "points",
          points));
    }
    String page = resource("/dev/kindling/bench/cluster-size.html");
    return page.replace("{{uplot.css}}", resource("/dev/kindling/jobs/report/uplot/uPlot.min.css"))
        .replace("{{uplot.js}}", resource("/dev/kindling/jobs/report/uplot/uPlot.iife.min.js"))
        .replace("{{charts}}", new ObjectMapper().writeValueAsString(charts));
  }

  private static String resource(String name) throws IOException {
    try (InputStream in = ClusterSizePage.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
