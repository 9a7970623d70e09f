package dev.kindling.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kindling.jobs.simulate.Cluster;
import dev.kindling.jobs.simulate.Scheme;
import dev.kindling.jobs.simulate.StepCosts;
import dev.kindling.jobs.simulate.StepModel;
import dev.kindling.jobs.simulate.StepTime;
import dev.kindling.jobs.train.GradientSettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code bench/run simulate}: the time of a step on clusters that are not here, by {@link StepModel}, from costs that were measured here:
 * fills {@code docs/cluster-size.md} and its plot. {@code --measure} measures the costs anew before, on a quiet machine; {@code --validate}
 * then also runs 1, 2 and 4 executors for real on this machine and compares; {@code --hosts}, alone or beside it: 2 executors in the network
 * namespaces of {@code bench/hosts up}; more than 15% off is exit code 1.
 */
public final class Simulate {
  static final String MODEL = "gpt2-124m";
  static final String PRECISION = "bf16";
  private static final double OFF = 0.15;
  private static final int SMALL = 64, LARGE = 500;        // megabytes
  private static final int CROWD = 4;
  private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private Simulate() {
  }

  public static void main(String[] args) throws IOException {
    List<String> words = List.of(args);
    boolean validate = words.contains("--validate"), hosts = words.contains("--hosts");
    Path stored = Path.of(System.getProperty("bench.home"), "results", "cluster-costs.json");
    if (validate || words.contains("--measure") || !Files.exists(stored)) JSON.writeValue(stored.toFile(), measured());
    JsonNode root = JSON.readTree(stored.toFile());
    CostSide.Found costs = JSON.treeToValue(root.get("found"), CostSide.Found.class);
    ClusterSizePage.write(costs, root.get("machine").asText() + ", " + root.get("day").asText());
    if ((validate || hosts) && !isNear(costs.costs(), validate, hosts)) System.exit(1);
  }

  private static ObjectNode measured() throws IOException {
    int cores = Runtime.getRuntime().availableProcessors();
    CostSide.Found work = work(cores);
    double small = Allreduce.seconds("spark", 2, SMALL), large = Allreduce.seconds("spark", 2, LARGE);
    // two executors with a core each send half a vector twice and receive as much
    double sent = (large - small) / ((LARGE - SMALL) * 1e6);
    double call = Math.max(0, small - sent * SMALL * 1e6) / 2;
    double message = Allreduce.seconds("value", CROWD, 1) * Math.min(cores, CROWD) / (CROWD * (CROWD - 1));
    StepCosts c = work.costs();
    ObjectNode root = JSON.createObjectNode();
    root.put("model", MODEL + " " + PRECISION).put("machine", Results.machine())
        .put("day", LocalDate.now(ZoneOffset.UTC).toString());
    root.set("found", JSON.valueToTree(new CostSide.Found(new StepCosts(c.elements(), c.rounded(), c.first(),
        c.microBatch(), c.completion(), c.add(), c.convert(), c.copy(), c.update(), c.pack(), sent, message, call),
        work.codecs())));
    return root;
  }

  private static CostSide.Found work(int cores) throws IOException {
    Process process = new ProcessBuilder(Train.ours(CostSide.class, "-Xmx192m", MODEL, PRECISION, "" + cores))
        .redirectError(ProcessBuilder.Redirect.INHERIT).start();
    for (String line : new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
        .lines().toList()) {
      if (line.startsWith("costs ")) return JSON.readValue(line.substring("costs ".length()), CostSide.Found.class);
      System.err.println(line);
    }
    throw new IOException("the process that measures ended without a result");
  }

  /** What {@code gradients.kind} offers, with what coding costs, but for {@code powersgd}: its work hangs on the shapes of matrices. */
  static List<Scheme> schemes(Map<String, CostSide.CodecCosts> codecs) {
    List<Scheme> all = new ArrayList<>(List.of(new Scheme.Exact()));
    codecs.forEach((name, c) -> all.add(new Scheme.Coded(name, c.bytes(), c.encode(), c.decode())));
    all.add(new Scheme.Local((int) GradientSettings.of(GradientSettings.Kind.LOCAL).localSteps()));
    return all;
  }

  /** Real steps beside simulated ones. @return whether all are near enough */
  private static boolean isNear(StepCosts costs, boolean here, boolean hosts) throws IOException {
    int cores = Runtime.getRuntime().availableProcessors();
    Results results = new Results("simulate");
    boolean near = true;
    for (int executors : here ? new int[]{1, 2, 4} : new int[0]) {
      int threads = executors == 1 ? cores : 1;
      near &= compare(results, costs, Cluster.onOneMachine(executors, threads, cores), threads, false);
    }
    if (hosts) near &= compare(results, costs, Cluster.of(2, Math.min(1, cores / 2.0), 1, 0), 1, true);
    results.write();
    System.out.println(near ? "all within 15%" : "NOT all within 15%");
    return near;
  }

  private static boolean compare(Results results, StepCosts costs, Cluster cluster, int threads, boolean hosts)
      throws IOException {
    int executors = cluster.executors();
    StepTime simulated = new StepModel(costs, cluster, RealStep.VIRTUAL_RANKS, RealStep.ACCUMULATE)
        .of(new Scheme.Exact());
    double real = RealStep.seconds(executors, threads, hosts);
    results.less(MODEL + " " + PRECISION + ", " + executors + (executors == 1 ? " executor" : " executors")
        + (hosts ? " on two hosts" : "") + ", a step, simulated and real", simulated.total(), real, "s");
    return Math.abs(simulated.total() / real - 1) <= OFF;
  }
}
