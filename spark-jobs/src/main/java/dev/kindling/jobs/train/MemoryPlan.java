package dev.kindling.jobs.train;

import com.sun.management.OperatingSystemMXBean;
import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.model.NativeCache;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import dev.kindling.jobs.transport.Inbox;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.SizingKernels;
import dev.kindling.train.loop.RunOptions;
import dev.kindling.train.loop.StepMemory;
import dev.kindling.train.tensor.Precision;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.spark.SparkConf;

/**
 * What each executor of a run needs, in bytes; a run that cannot fit is refused with these figures. The steps' part is found by
 * running one on kernels that compute nothing, the rest was measured.
 *
 * @param ranks of the run; @param threads of each
 * @param step outside the heap, by what it is for
 * @param inbox what comes from the other ranks, outside the heap, where it is exact gradients
 * @param snapshot the copy that a checkpoint is written from while steps go on
 */
record MemoryPlan(int ranks, int threads, Precision precision, StepMemory step, long inbox, long snapshot) {
  private static final double GIB = 1L << 30;
  private static final long MIB = 1L << 20;
  /** Outside the heap of a JVM that trains, whatever it trains: classes, compiled code, threads, oneDNN, ND4J. */
  private static final long JVM = 320 * MIB;
  /** Netty's buffers where there are several ranks. */
  private static final long NETWORK = 32 * MIB;
  /**
   * Of the heap, what stays after a collection, when a run has ended: Spark's, Hadoop's and Parquet's objects. A step adds less than 1 MiB;
   * while it is read, the demo's dataset of 2.7 million tokens another 7.
   */
  private static final long LIVE = 35 * MIB;
  /**
   * What collectors make of a heap of 1 GiB: that, and what lies about between collections. G1 begins with a 64th of the machine's
   * memory and grows it while pauses take too much of the time: half of it, as the launcher has it ({@code GCTimeRatio}).
   */
  private static final long HEAP = 300 * MIB;
  private static final long SMALLEST_HEAP = 1024 * MIB;
  private static final double SPARE = 1.1;
  private static final long STEP = 64 * MIB;

  static MemoryPlan of(PretrainPlan plan, int ranks, int threads, Precision precision) {
    boolean plain = plan.config().cluster().kernels() == ClusterSettings.KernelChoice.PLAIN;
    SizingKernels sizing = NativeCache.loading(() -> KernelLibraries.sizing(plain, threads));
    RunOptions options = plan.options(precision);
    StepMemory step = new PlannedStep(plan, options).on(sizing, precision, ranks);
    VirtualRankTree tree = new VirtualRankTree(options.virtualRanks());
    long snapshot = plan.config().checkpoints().copies() ? step.saved() : 0;
    long inbox = options.gradients().reduces() ? Inbox.bytes(tree, ranks, step.shard()) : 0;
    return new MemoryPlan(ranks, threads, precision, step, inbox, snapshot);
  }

  /** The precision that a run will have, as far as this process can tell. */
  static Precision precision(PrecisionChoice choice) {
    if (choice != PrecisionChoice.AUTO) return Precision.valueOf(choice.name());
    return NativeCache.loading(KernelLibraries::fastBfloat16) ? Precision.BFLOAT16 : Precision.FLOAT32;
  }

  /** Tensors outside the heap: what a progress line says. */
  long offHeap() {
    return step.total() + inbox + snapshot;
  }

  /** All that is outside the heap. */
  long overhead() {
    return offHeap() + JVM + (ranks > 1 ? NETWORK : 0);
  }

  /** What stays on the heap after a collection. */
  long heap() {
    return LIVE;
  }

  /** All of a rank's process. */
  long total() {
    return overhead() + HEAP;
  }

  /** A table, the options that give Spark's executors as much, and how many ranks this machine could take. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(String.format(Locale.ROOT, "memory of %s, %s, %s:",
        ranks == 1 ? "the one executor" : "each of " + ranks + " executors",
        threads == 1 ? "1 thread" : threads + " threads", precision.label()));
    lines.add(line("weights", step.masters() + step.packed(), String.format(Locale.ROOT,
        "float32 %s, packed for products %s", size(step.masters()), size(step.packed()))));
    lines.add(line("gradients", step.gradients(), "sums of virtual ranks"));
    lines.add(line("optimizer", step.states() + step.work(),
        String.format(Locale.ROOT, "states %s, while it steps %s", size(step.states()), size(step.work()))));
    lines.add(line("activations", step.activations(), "of a micro-batch, or of the held-out rows"));
    lines.add(line("kernels", step.scratch(), "scratch memory"));
    if (ranks > 1) lines.add(line("communication", inbox + NETWORK, "the other ranks' gradients"));
    if (step.exchange() > 0)
      lines.add(line("narrow network", step.exchange(), "coded gradients and what was not sent"));
    if (snapshot > 0) lines.add(line("checkpoint", snapshot, "the copy that is written while steps go on"));
    lines.add(line("JVM", JVM, "classes, compiled code, threads, native libraries"));
    lines.add(line("outside the heap", overhead(), "together"));
    lines.add(line("heap", heap(), "after a collection; between two of them up to " + size(HEAP)));
    lines.add(String.format(Locale.ROOT,
        "Spark options: --conf spark.executor.memory=%dm --conf spark.executor.memoryOverhead=%dm "
            + "--conf spark.executor.cores=%d%s",
        heapOption(), overheadOption(), threads,
        ranks > 1 ? " --conf spark.executor.instances=" + ranks : ""));
    lines.add(here());
    return lines;
  }

  /** Whether this machine could run ranks like these. */
  private String here() {
    long machine = machine();
    long ranksHere = machine / total();
    return String.format(Locale.ROOT, "this machine has %.1f GiB: %s", machine / GIB, ranksHere == 0
        ? "a rank does not fit here"
        : ranksHere == 1 ? "1 rank would fit here" : ranksHere + " ranks would fit here");
  }

  private static long machine() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
  }

  private static String line(String what, long bytes, String of) {
    return String.format(Locale.ROOT, "  %-17s %10s   %s", what, size(bytes), of);
  }

  private static String size(long bytes) {
    return bytes < GIB
        ? String.format(Locale.ROOT, "%.1f MiB", bytes / (double) MIB)
        : String.format(Locale.ROOT, "%.2f GiB", bytes / GIB);
  }

  long heapOption() {
    return Math.max(SMALLEST_HEAP, 2 * HEAP) / MIB;
  }

  long overheadOption() {
    return ((long) (overhead() * SPARE) + STEP - 1) / STEP * STEP / MIB;
  }

  /**
   * Refuses what cannot be.
   *
   * @param ranksHere that share this machine
   * @throws UserError with need, room, and what to change
   */
  void refuseUnlessItFits(int ranksHere) {
    long machine = machine();
    if ((double) total() * ranksHere <= machine) return;
    throw new UserError(String.format(Locale.ROOT,
        "not enough memory: a rank needs %.1f GiB, of which %.1f GiB outside the heap (weights %.1f, gradients %.1f, optimizer %.1f, "
            + "activations %.1f, other %.1f)%s; this machine has %.1f GiB: make model.width, model.layers or train.microBatch "
            + "smaller, or use machines with more memory (plan takes theirs with --executor-memory and --conf)",
        total() / GIB, overhead() / GIB, (step.masters() + step.packed()) / GIB, step.gradients() / GIB,
        (step.states() + step.work()) / GIB, step.activations() / GIB,
        (overhead() - step.total() + step.scratch()) / GIB,
        ranksHere > 1 ? ", and " + ranksHere + " ranks share a machine" : "", machine / GIB));
  }

  /**
   * Refuses executors whose container would be ended for its size: YARN and Kubernetes hold them to what was asked for.
   *
   * @throws UserError with what to set
   */
  void refuseUnlessGranted(SparkConf conf) {
    if (Container.isHeldTo(conf)) refuseUnlessIn(Container.of(conf));
  }

  /** @throws UserError with need, room, and what to set */
  void refuseUnlessIn(Container container) {
    if (overhead() > container.overhead() * MIB) {
      throw new UserError(String.format(Locale.ROOT,
          "not enough memory: spark.executor.memoryOverhead is %d MiB; a rank needs %d MiB outside the heap (weights %s, gradients "
              + "%s, optimizer %s, activations %s): set spark.executor.memoryOverhead=%dm",
          container.overhead(), overhead() / MIB, size(step.masters() + step.packed()), size(step.gradients()),
          size(step.states() + step.work()), size(step.activations()), overheadOption()));
    }
    if (HEAP > container.heap() * MIB) {
      throw new UserError(String.format(Locale.ROOT,
          "not enough memory: spark.executor.memory is %d MiB; a rank needs %d MiB on the heap: set spark.executor.memory=%dm",
          container.heap(), HEAP / MIB, heapOption()));
    }
  }
}
