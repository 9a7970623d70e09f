package dev.kindling.bench;

import dev.kindling.train.collective.Alone;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.loop.BatchSource;
import dev.kindling.train.loop.RunOptions;
import dev.kindling.train.loop.StopRequest;
import dev.kindling.train.loop.TrainingLoop;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.profile.Ceilings;
import dev.kindling.train.profile.Part;
import dev.kindling.train.profile.Profile;
import dev.kindling.train.profile.ProfileTable;
import dev.kindling.train.profile.ProfiledKernels;
import dev.kindling.train.profile.RankProfile;
import dev.kindling.train.profile.RankProfile.Operation;
import dev.kindling.train.profile.Spans;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.function.Predicate;

/**
 * {@code bench/run train --profile}: where the time of our steps goes, each case in a JVM of its own; a row for each, and below
 * them all operations. Products pack their weights on the way, which is within their time and not in what they reach alone. Written
 * to {@code bench/results/train-profile.md}.
 */
public final class TrainProfile {
  private static final String HEAD = """
      | case | tokens/s | products of the layers | GFLOP/s, alone | loss with its products | GFLOP/s, alone | attention | other operations | optimizer | all else | tokens/s if products alone took time |
      |---|---|---|---|---|---|---|---|---|---|---|""";
  private static final double WARM_SECONDS = 15;           // until the hot loops are compiled
  private static final double SECONDS = 15;
  private static final int LEAST_STEPS = 5;                // measured

  private TrainProfile() {
  }

  /** Runs the cases whose name contains {@code only}. */
  static void all(String only) throws IOException {
    List<String> rows = new ArrayList<>(List.of(HEAD));
    List<String> tables = new ArrayList<>();
    for (String model : TrainCase.NAMES) {
      for (String precision : List.of("float32", "bf16")) {
        if (!(model + " " + precision).contains(only)) continue;
        List<String> lines = linesOf(Train.ours(TrainProfile.class, Train.HEAP, model, precision));
        System.out.println(String.join("\n", lines));
        rows.add(lines.get(0));
        tables.add("\n## " + model + " " + precision + "\n\n```");
        tables.addAll(lines.subList(1, lines.size()));
        tables.add("```");
      }
    }
    System.out.println("\n" + String.join("\n", rows));
    rows.addAll(tables);
    Path file = Path.of(System.getProperty("bench.home"), "results", "train-profile.md");
    Files.createDirectories(file.getParent());
    Files.write(file, rows);
  }

  private static List<String> linesOf(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    if (lines.isEmpty()) throw new IOException(command.get(command.size() - 2) + " ended without a profile");
    return lines;
  }

  /** @param args a model's name, {@code float32} or {@code bf16}; prints a row, then the operations */
  public static void main(String[] args) {
    RankProfile profile = run(TrainCase.of(args[0]), args[1].equals("bf16") ? Precision.BFLOAT16 : Precision.FLOAT32);
    TrainCase<?> of = TrainCase.of(args[0]);
    System.out.println(row(args[0] + " " + args[1], (long) of.batch() * of.time(), profile));
    ProfileTable.of(List.of(profile)).forEach(System.out::println);
    System.exit(0);
  }

  private static <B extends MicroBatch> RankProfile run(TrainCase<B> of, Precision precision) {
    RunOptions options = TrainSide.options(of);
    Profile profile = new Profile();
    try (Kernels kernels = KernelLibraries.best(TrainSide.THREADS);
        TrainableModel<B> model = of.maker().make(ProfiledKernels.of(kernels, profile), precision)) {
      TrainingLoop loop = new TrainingLoop(model, ProfiledKernels.of(kernels, profile), new Alone(), source(of),
          options);
      loop.timing(new Warm(profile, loop)).run();
      return profile.ended(0, new Ceilings(kernels)::of);
    }
  }

  private static <B extends MicroBatch> BatchSource<B> source(TrainCase<B> of) {
    Random random = new Random(1);
    return (step, virtualRank, accumulation) -> of.drawing().draw(of, random);
  }

  /** Tells a profile of the steps that come when all is warm, and ends the run when it has seen enough. */
  private static final class Warm implements Spans {
    private final Profile profile;
    private final TrainingLoop loop;
    private final long start = System.nanoTime();
    private long told;
    private long since;

    Warm(Profile profile, TrainingLoop loop) {
      this.profile = profile;
      this.loop = loop;
    }

    @Override
    public Part enter(Part part) {
      return profile.enter(part);
    }

    @Override
    public void step() {
      long now = System.nanoTime();
      if (now - start < WARM_SECONDS * 1e9) return;
      if (told++ == 0) since = now;
      if (now - since > SECONDS * 1e9 && told > LEAST_STEPS + 2) loop.request(StopRequest.NOW);
      profile.step();
    }
  }

  private static String row(String name, long tokens, RankProfile profile) {
    double all = profile.parts().values().stream().mapToLong(Long::longValue).sum();
    List<Operation> operations = profile.operations();
    Predicate<Operation> loss = o -> o.name().equals("crossEntropy");
    Predicate<Operation> product = o -> o.product() != null && !loss.test(o);
    Predicate<Operation> attention = o -> o.name().startsWith("attention");
    double optimizer = profile.parts().getOrDefault(Part.OPTIMIZER, 0L);
    double known = nanos(operations, product.or(loss).or(attention)) + optimizer;
    double other = nanos(operations, product.or(loss).or(attention).negate()
        .and(o -> !o.name().equals("adamw")));
    return String.format(Locale.ROOT, "| %s | %.0f | %s | %s | %s | %s | %s | %s | %s | %s | %.0f |", name,
        tokens * profile.steps() / all * 1e9, share(nanos(operations, product), all), rates(operations, product),
        share(nanos(operations, loss), all), rates(operations, loss), share(nanos(operations, attention), all),
        share(other, all), share(optimizer, all), share(all - known - other, all),
        tokens * profile.steps() / alone(operations, product.or(loss)));
  }

  private static double nanos(List<Operation> operations, Predicate<Operation> which) {
    return operations.stream().filter(which).mapToLong(Operation::nanos).sum();
  }

  private static String share(double nanos, double all) {
    return String.format(Locale.ROOT, "%.1f%%", 100 * nanos / all);
  }

  /** What the products did, and what their shapes reach alone, each weighed with its work. */
  private static String rates(List<Operation> operations, Predicate<Operation> which) {
    double work = operations.stream().filter(which).mapToDouble(o -> o.product().flops() * o.calls()).sum();
    return String.format(Locale.ROOT, "%.0f, %.0f", work / nanos(operations, which),
        work / alone(operations, which) / 1e9);
  }

  /** Seconds that the products would take at what their shapes reach alone. */
  private static double alone(List<Operation> operations, Predicate<Operation> which) {
    return operations.stream().filter(which).mapToDouble(o -> o.product().flops() * o.calls() / o.ceiling()).sum();
  }
}
