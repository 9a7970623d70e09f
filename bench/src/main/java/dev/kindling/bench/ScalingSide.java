package dev.kindling.bench;

import dev.kindling.jobs.transport.Link;
import dev.kindling.jobs.transport.PortRange;
import dev.kindling.jobs.transport.RunSecret;
import dev.kindling.jobs.transport.SparkCommunicator;
import dev.kindling.train.collective.Alone;
import dev.kindling.train.collective.Communicator;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.loop.Evaluation;
import dev.kindling.train.loop.RunOptions;
import dev.kindling.train.loop.TrainingLoop;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.tensor.Precision;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import org.apache.spark.network.util.MapConfigProvider;
import org.apache.spark.network.util.TransportConf;

/**
 * One rank of {@link Scaling}, the product's own training loop. Between two steps all ranks stand still until the first is told to go
 * on, as {@link Side} tells it; the others follow.
 */
public final class ScalingSide {
  private final BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  private final int rank;
  private final int ranks;
  private final int threads;
  private final int accumulate;
  private final int virtualRanks;
  private final String host;
  private double seconds;
  private long start;
  private long steps;
  private boolean warm;

  private ScalingSide(String[] args) {
    rank = Integer.parseInt(args[0]);
    ranks = Integer.parseInt(args[1]);
    threads = Integer.parseInt(args[2]);
    accumulate = Integer.parseInt(args[5]);
    host = args[6];
    virtualRanks = args.length > 7 ? Integer.parseInt(args[7]) : 2;
  }

  /**
   * @param args rank, ranks, threads of each, a model's name, precision, micro-batches of a virtual rank, this rank's host, virtual
   *        ranks (2)
   */
  public static void main(String[] args) throws IOException {
    Precision precision = args[4].equals("bf16") ? Precision.BFLOAT16 : Precision.FLOAT32;
    new ScalingSide(args).run(TrainCase.of(args[3]), precision);
  }

  private void run(TrainCase<?> of, Precision precision) throws IOException {
    if (ranks == 1) {
      train(of, precision, new Alone());
      return;
    }
    Link link = new Link(new TransportConf("kindling", new MapConfigProvider(Map.of())), "bench",
        new RunSecret("bench"), host, PortRange.ANY, Duration.ofMinutes(2), 1);
    try (SparkCommunicator communicator = SparkCommunicator.listen(rank, ranks, new VirtualRankTree(virtualRanks),
        link)) {
      System.out.println("listening " + communicator.address());
      communicator.connect(List.of(in.readLine().split(" ")));
      if (rank > 0) endWithInput();
      train(of, precision, communicator);
    }
  }

  /** Ends the process with its input: it would else take the first rank's end for a loss, and say so. */
  private void endWithInput() {
    Thread thread = new Thread(() -> {
      try {
        while (in.readLine() != null) continue;
      } catch (IOException e) {
        // then it has ended too
      }
      Runtime.getRuntime().halt(0);
    }, "input");
    thread.setDaemon(true);
    thread.start();
  }

  private <B extends MicroBatch> void train(TrainCase<B> of, Precision precision, Communicator communicator) {
    RunOptions options = RunOptions.of(Long.MAX_VALUE, AdamW.Recipe.of(3e-4)).virtualRanks(virtualRanks)
        .accumulate(accumulate).microBatch(of.batch()).logEvery(Long.MAX_VALUE).evaluateEvery(1).build();
    long tokens = (long) virtualRanks * accumulate * of.batch() * of.time();
    Random random = new Random(1);
    Evaluation gate = (all, watch) -> {
      if (rank == 0) pause(tokens);
      all.barrier();
      return OptionalDouble.of(0);
    };
    try (Kernels kernels = KernelLibraries.best(threads);
        TrainableModel<B> model = of.maker().make(kernels, precision)) {
      if (rank == 0) System.err.println(kernels.describe());
      new TrainingLoop(model, kernels, communicator, (step, v, a) -> of.drawing().draw(of, random), options)
          .evaluating(gate).run();
    }
  }

  /** After every step on the first rank: the window's end, where it is over, and the wait for the next. */
  private void pause(long tokens) {
    steps++;
    double spent = (System.nanoTime() - start) / 1e9;
    if (warm && spent < seconds) return;
    System.out.println(warm ? "window " + steps * tokens + " " + spent : "ready");
    warm = true;
    try {
      String line = in.readLine();
      if (line == null) System.exit(0);
      seconds = Double.parseDouble(line.split(" ")[1]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    steps = 0;
    start = System.nanoTime();
  }
}
