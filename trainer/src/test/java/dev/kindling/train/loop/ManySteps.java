package dev.kindling.train.loop;

import com.sun.management.ThreadMXBean;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.train.collective.Alone;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.javacpp.Pointer;

/** Trains for many steps and says again and again what it holds. */
final class ManySteps {
  static final int STEPS = 3000;
  static final int EVERY = 100;
  static final int MICRO_BATCHES = 2;            // of a step
  static final String FOUND = "found";

  private ManySteps() {
  }

  /**
   * @param step just done; @param held by {@link Memory}; @param resident bytes of the process
   * @param pointers that JavaCPP would free; @param allocated on the heap by all threads so far
   */
  record Found(long step, long held, long resident, long pointers, long allocated) {
    static Found parse(String line) {
      String[] parts = line.split(" ");
      return new Found(Long.parseLong(parts[1]), Long.parseLong(parts[2]), Long.parseLong(parts[3]),
          Long.parseLong(parts[4]), Long.parseLong(parts[5]));
    }

    @Override
    public String toString() {
      return FOUND + " " + step + " " + held + " " + resident + " " + pointers + " " + allocated;
    }
  }

  /** @param arguments the model, the precision, threads */
  public static void main(String[] arguments) {
    SmallModel<?> small = arguments[0].equals("t5")
        ? SmallModel.t5(T5Config.of(300, 32, 8, 64, 2, 4), 2, 32)
        : SmallModel.decoder(Gpt2Config.of(300, 32, 64, 2, 4), 2, 32);
    train(small, Precision.valueOf(arguments[1]), Integer.parseInt(arguments[2]));
  }

  private static <B extends MicroBatch> void train(SmallModel<B> small, Precision precision, int threads) {
    RunOptions options = RunOptions.of(STEPS, TinyRun.MUON).virtualRanks(MICRO_BATCHES).logEvery(EVERY).build();
    try (Kernels kernels = KernelLibraries.best(threads);
        TrainableModel<B> model = small.created().make(kernels, precision)) {
      new TrainingLoop(model, kernels, new Alone(), small.batches(), options).telling(new TrainingListener() {
        @Override
        public void progressed(Progress progress) {
          System.out.println(new Found(progress.step(), Memory.inUse(), resident(), Pointer.totalBytes(), allocated()));
        }
      }).run();
    }
  }

  private static long resident() {
    try {
      return 4096 * Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long allocated() {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long sum = 0;
    for (long bytes : threads.getThreadAllocatedBytes(threads.getAllThreadIds())) sum += Math.max(0, bytes);
    return sum;
  }
}
