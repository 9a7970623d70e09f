package dev.kindling.bench;

import com.knuddels.jtokkit.Encodings;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/**
 * {@code bench/run resilience}: what faults and checkpoints cost on a standalone cluster of two workers with one core each, which
 * {@code cluster/standalone/start} starts on this machine, through {@code ./kindling pretrain}. The peer's column holds what is
 * promised: seconds at the most, or the tokens/s of the same run without checkpoints.
 */
public final class Resilience {
  private static final int TIMES = 3;
  private static final int WINDOWS = 5;          // of a rate: what a checkpoint costs is less than what a machine drifts by
  private static final int LARGE_WINDOWS = 3;    // of GPT-2: a step takes longer than all that drifts
  private static final int RANKS = 2;
  private static final Path ROOT = Path.of(System.getProperty("bench.home")).toAbsolutePath().getParent();
  private static final List<String> MODEL = List.of("model.layers=4", "model.heads=4", "model.width=256",
      "train.microBatch=1", "train.virtualRanks=8");
  /** GPT-2 124M as in {@link Scaling}: 8 micro-batches an executor. */
  private static final List<String> LARGE = List.of("model.layers=12", "model.heads=12", "model.width=768",
      "train.microBatch=4", "train.virtualRanks=2", "train.accumulate=8", "train.epochs=100");
  private final Path folder;
  private final String only;
  private final Results results = new Results("resilience");
  private final String master;

  private Resilience(Path folder, String only, String master) {
    this.folder = folder;
    this.only = only;
    this.master = master;
  }

  public static void main(String[] args) throws IOException {
    String only = args.length == 2 && args[0].equals("--only") ? args[1] : "";
    Path folder = Files.createTempDirectory("kindling-resilience");
    try (StandaloneHost host = StandaloneHost.start(ROOT, folder, RANKS)) {
      Resilience resilience = new Resilience(folder, only, host.master());
      resilience.prepare();
      resilience.submit();
      resilience.fault("kill", "KILL", 10, host);
      resilience.fault("freeze", "STOP", 25, host);
      resilience.checkpoints();
      resilience.largeCheckpoints();
      resilience.results.write();
    } finally {
      delete(folder);
    }
  }

  /** A corpus of made-up words, packed: training does not care. */
  private void prepare() throws IOException {
    Random random = new Random(1);
    try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(folder.resolve("corpus.jsonl")))) {
      for (int line = 0; line < 3_000; line++) {
        StringBuilder text = new StringBuilder();
        for (int word = 0; word < 120; word++) {
          for (int letter = 2 + random.nextInt(6); letter > 0; letter--) text.append((char) ('a' + random.nextInt(26)));
          text.append(' ');
        }
        out.println("{\"text\": \"" + text.toString().strip() + "\"}");
      }
    }
    prepare("data", "vocabularySize=2048", "sequenceLength=128");
  }

  private void prepare(String data, String... settings) throws IOException {
    List<String> arguments = new ArrayList<>(
        List.of("prep", "--in", folder + "/corpus.jsonl", "--out", folder + "/" + data));
    for (String setting : settings) arguments.addAll(List.of("--set", setting));
    try (KindlingProcess prep = kindling(arguments)) {
      prep.end();
    }
  }

  /** The same corpus in GPT-2's own tokens, for the size of its vocabulary. */
  private void prepareLarge() throws IOException {
    Path ranks = folder.resolve("r50k_base.tiktoken");
    try (InputStream in = Encodings.class.getResourceAsStream("/com/knuddels/jtokkit/" + ranks.getFileName())) {
      Files.copy(in, ranks);
    }
    try (KindlingProcess made = kindling(List.of("tokenizer", "import", ranks.toString(), "--pattern", "gpt2",
        "--special", "<|endoftext|>=50256", "--out", folder + "/gpt2"))) {
      made.end();
    }
    prepare("large-data", "tokenizer=" + folder + "/gpt2", "sequenceLength=256");
  }

  private KindlingProcess kindling(List<String> arguments) throws IOException {
    return KindlingProcess.start(ROOT, folder, arguments, Map.of("SPARK_LOCAL_IP", "127.0.0.1"));
  }

  private KindlingProcess pretrain(String run, int steps, int every) throws IOException {
    return pretrain(run, "data", MODEL, steps, every);
  }

  private KindlingProcess pretrain(String run, String data, List<String> model, int steps, int every)
      throws IOException {
    List<String> arguments = new ArrayList<>(
        List.of("pretrain", "--master", master, "--data", folder + "/" + data, "--out",
            folder.resolve(run).toString()));
    List<String> settings = new ArrayList<>(model);
    settings.addAll(
        List.of("train.steps=" + steps, "train.logEvery=1", "checkpoints.every=" + every, "cluster.ranks=" + RANKS,
            "cluster.retries=9"));
    for (String setting : settings) arguments.addAll(List.of("--set", setting));
    arguments.addAll(List.of("--", "--executor-memory", "1g"));
    return kindling(arguments);
  }

  /** From the command to the first step; the natives have been unpacked by the first of the runs. */
  private void submit() throws IOException {
    String name = "submit to first step, natives unpacked";
    if (!name.contains(only)) return;
    List<Double> seconds = new ArrayList<>();
    for (int i = 0; i <= TIMES; i++) {
      try (KindlingProcess run = pretrain("submit-" + i, 5, 0)) {
        double first = run.until("step 1/").at();
        if (i > 0) seconds.add(first);
        run.end();
      }
    }
    told(name, seconds, 15);
  }

  /** From a signal to an executor to the first step of the attempt that goes on. */
  private void fault(String what, String signal, double limit, StandaloneHost host) throws IOException {
    String name = what + " of an executor to the next step";
    if (!name.contains(only)) return;
    List<Double> seconds = new ArrayList<>();
    try (KindlingProcess run = pretrain(what, 1_000_000, 20)) {
      for (int i = 0; i < TIMES; i++) {
        run.untilSaved(2, RANKS);
        ProcessHandle victim = victim(run, host, i % RANKS);
        double at = run.now();
        if (!StandaloneHost.signal(signal, victim)) throw new IOException("no process " + victim.pid() + " to " + what);
        try {
          if (signal.equals("KILL")) StandaloneHost.awaitEnd(victim);
          run.until("goes on from the newest checkpoint");
          run.until("resumed: goes on with step ");
          seconds.add(run.until("  loss ").at() - at);
        } finally {
          if (signal.equals("STOP")) StandaloneHost.signal("CONT", victim);      // it could not even end
        }
      }
    }
    told(name, seconds, limit);
  }

  /** One of the run's executors; those of a run before it may not have ended yet. */
  private static ProcessHandle victim(KindlingProcess run, StandaloneHost host, int index) throws IOException {
    List<ProcessHandle> executors = host.executors().stream().filter(ProcessHandle::isAlive).filter(run::isBefore)
        .toList();
    if (executors.size() != RANKS)
      throw new IOException(executors.size() + " executors run where " + RANKS + " ranks train");
    return executors.get(index);
  }

  /** Tokens/s of a run with a checkpoint every so many steps or, where {@code every} is 0, without. */
  private interface Rate {
    double tokens(String run, int every) throws IOException;
  }

  private void checkpoints() throws IOException {
    String name = "a checkpoint every 50 steps, against none";
    if (name.contains(only)) inTurn(name, WINDOWS, "small", 50, this::rate);
  }

  /** Of the model and the accumulation of {@code bench/run scaling}, with checkpoints so often that what they cost shows. */
  private void largeCheckpoints() throws IOException {
    String name = "GPT-2 124M, 8 micro-batches, a checkpoint every 2 steps, against none";
    if (!name.contains(only)) return;
    prepareLarge();
    inTurn(name, LARGE_WINDOWS, "large", 2, this::largeRate);
  }

  /** Runs with and without checkpoints in turn: a machine's drift meets both alike. */
  private void inTurn(String name, int windows, String run, int every, Rate rate) throws IOException {
    List<Double> with = new ArrayList<>();
    List<Double> without = new ArrayList<>();
    for (int i = 0; i < windows; i++) {
      with.add(rate.tokens(run + "-with-" + i, every));
      without.add(rate.tokens(run + "-without-" + i, 0));
      System.out.println(name + ": " + with + " against " + without);
    }
    results.more(name, Results.median(with), Results.median(without), "tokens/s");
  }

  /** From step 50 on, when the code is compiled, to step 200, whose own checkpoint is not in it. */
  private double rate(String run, int every) throws IOException {
    try (KindlingProcess process = pretrain(run, 201, every)) {
      double from = process.until("step  50/").at();
      double to = process.until("step 200/").at();
      process.end();
      return 150 * 8 * 128 / (to - from);
    }
  }

  /** From step 1 to step 5: two checkpoints, whose writing goes on in the steps after them. */
  private double largeRate(String run, int every) throws IOException {
    try (KindlingProcess process = pretrain(run, "large-data", LARGE, 6, every)) {
      double from = process.until("step 1/").at();
      double to = process.until("step 5/").at();
      process.end();
      return 4 * 64 * 256 / (to - from);
    }
  }

  private void told(String name, List<Double> seconds, double limit) {
    System.out.println(name + ": " + seconds);
    results.less(name, seconds.stream().mapToDouble(Double::doubleValue).max().orElseThrow(), limit, "s");
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
    }
  }
}
