package dev.kindling.bench;

import dev.kindling.train.collective.Alone;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.loop.BatchSource;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Our side of {@link Train}: the product's own training loop, whose data comes when a window is open. */
public final class TrainSide {
  private static final int WARM_STEPS = 12;      // until the hot loops are compiled
  static final int THREADS = 2;

  private TrainSide() {
  }

  /** @param args a model's name, {@code float32} or {@code bf16} */
  public static void main(String[] args) {
    run(TrainCase.of(args[0]), args[1].equals("bf16") ? Precision.BFLOAT16 : Precision.FLOAT32);
  }

  /** One virtual rank, no accumulation, no end. */
  static RunOptions options(TrainCase<?> of) {
    return RunOptions.of(Long.MAX_VALUE, AdamW.Recipe.of(3e-4)).virtualRanks(1).microBatch(of.batch())
        .logEvery(Long.MAX_VALUE).build();
  }

  private static <B extends MicroBatch> void run(TrainCase<B> of, Precision precision) {
    RunOptions options = options(of);
    try (Kernels kernels = KernelLibraries.best(THREADS);
        TrainableModel<B> model = of.maker().make(kernels, precision)) {
      System.err.println(kernels.describe());
      new TrainingLoop(model, kernels, new Alone(), new Windows<>(of), options).run();
    }
  }

  /** Random tokens; each call begins a step, so between two calls lies one whole step. */
  private static final class Windows<B extends MicroBatch> implements BatchSource<B> {
    private final TrainCase<B> of;
    private final Random random = new Random(1);
    private final BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    private double seconds;
    private long start;
    private long tokens;

    Windows(TrainCase<B> of) {
      this.of = of;
    }

    @Override
    public B batch(long step, int virtualRank, int accumulation) {
      if (step > WARM_STEPS) nextWindow(step);
      tokens += (long) of.batch() * of.time();
      return of.drawing().draw(of, random);
    }

    private void nextWindow(long step) {
      double spent = (System.nanoTime() - start) / 1e9;
      boolean first = step == WARM_STEPS + 1;
      if (!first && spent < seconds) return;
      System.out.println(first ? "ready" : "window " + tokens + " " + spent);
      try {
        String line = in.readLine();
        if (line == null) {
          System.out.println("peak " + peakBytes());
          System.exit(0);
        }
        seconds = Double.parseDouble(line.split(" ")[1]);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      tokens = 0;
      start = System.nanoTime();
    }

    /** The kernel's own high-water mark of resident memory. */
    private static long peakBytes() throws IOException {
      for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
        if (line.startsWith("VmHWM:")) return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
      }
      throw new IOException("no VmHWM in /proc/self/status");
    }
  }
}
