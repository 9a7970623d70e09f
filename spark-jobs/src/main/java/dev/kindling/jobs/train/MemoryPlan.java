package dev.kindling.jobs.train;

import com.sun.management.OperatingSystemMXBean;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.jobs.model.NativeCache;
import dev.kindling.jobs.train.TrainSettings.PrecisionChoice;
import dev.kindling.jobs.transport.SparkCommunicator;
import dev.kindling.train.collective.VirtualRankTree;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.SizingKernels;
import dev.kindling.train.loop.RunOptions;
import dev.kindling.train.loop.StepMemory;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.model.T5Model;
import dev.kindling.train.model.TapedModel;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
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
 * @param inbox what comes from the other ranks, outside the heap
 */
record MemoryPlan(int ranks, int threads, Precision precision, StepMemory step, long inbox) {
  private static final double GIB = 1L << 30;
  private static final long MIB = 1L << 20;
  /** Outside the heap of a JVM that trains, whatever it trains: classes, compiled code, threads, oneDNN, ND4J. */
  private static final long JVM = 370 * MIB;
  /** Netty's buffers where there are several ranks. */
  private static final long NETWORK = 48 * MIB;
  /** What Spark, Hadoop, Parquet and the loop keep on the heap. */
  private static final long HEAP = 320 * MIB;
  private static final long SMALLEST_HEAP = 1024 * MIB;
  /** What is stored of a position and layer, in widths: both norms, q, k, v, attention's output, the inner layer twice. */
  private static final long STORED_WIDTHS = 14;
  private static final double SPARE = 1.1;
  private static final long STEP = 64 * MIB;

  static MemoryPlan of(PretrainPlan plan, int ranks, int threads, Precision precision) {
    boolean plain = plan.config().cluster().kernels() == ClusterSettings.KernelChoice.PLAIN;
    SizingKernels sizing = NativeCache.loading(() -> KernelLibraries.sizing(plain, threads));
    RunOptions options = plan.options(precision);
    try (TapedModel<?> model = model(plan.model(), sizing, precision)) {
      if (plan.config().train().activationCheckpointing()) model.checkpointActivations();
      boolean decoder = model instanceof DecoderModel && !hasExperts(plan.model());
      long activations = decoder ? activations((DecoderModel) model, plan, options) : atLeast(plan, options);
      StepMemory step = StepMemory.of(model.layout(), options, ranks, sizing, activations);
      long largest = StepMemory.largestShard(model.layout(), options, ranks);
      VirtualRankTree tree = new VirtualRankTree(options.virtualRanks());
      return new MemoryPlan(ranks, threads, precision, step, SparkCommunicator.inboxBytes(tree, ranks, largest));
    }
  }

  private static TapedModel<?> model(ModelConfig config, SizingKernels sizing, Precision precision) {
    if (config instanceof BertConfig bert) return EncoderModel.planned(bert, sizing.kernels(), precision);
    if (config instanceof T5Config t5) return T5Model.planned(t5, sizing.kernels(), precision);
    return DecoderModel.planned((DecoderConfig) config, sizing.kernels(), precision);
  }

  private static boolean hasExperts(ModelConfig config) {
    return config instanceof LlamaConfig llama && llama.experts() != null;
  }

  /** Of a step that computes nothing. */
  private static long activations(DecoderModel model, PretrainPlan plan, RunOptions options) {
    Memory.planned(() -> {
      int time = plan.dataset().sequenceLength();
      Tensor gradients = Tensor.at(Long.BYTES, DType.FLOAT32, model.layout().size());      // nowhere: nothing is written
      model.accumulate(batch(options.microBatch(), time), gradients);
      long heldOut = Math.min(plan.config().train().evaluationRows(), plan.dataset().heldOut().rows());
      if (heldOut > 0) model.losses(batch((int) heldOut, time), new float[(int) heldOut * time]);
    });
    return model.peakActivationBytes();
  }

  /** Where routes or tables of a model would have to be read: what a micro-batch's way back reads, in the smaller type. */
  private static long atLeast(PretrainPlan plan, RunOptions options) {
    ModelConfig model = plan.model();
    double widths;
    if (model instanceof BertConfig bert) widths = (double) bert.layers() * bert.width();
    else if (model instanceof T5Config t5) widths = (t5.layers() + 2.0 * t5.decoderLayers()) * t5.width();
    else widths = (double) ((DecoderConfig) model).layers() * ((DecoderConfig) model).width();
    return (long) (widths * STORED_WIDTHS * Short.BYTES * options.microBatch() * plan.dataset().sequenceLength());
  }

  private static Batch batch(int rows, int time) {
    return new Batch(rows, time, new int[rows * time], new int[rows * time], null, new long[rows]);
  }

  /** The precision that a run will have, as far as this process can tell. */
  static Precision precision(PrecisionChoice choice) {
    if (choice != PrecisionChoice.AUTO) return Precision.valueOf(choice.name());
    return NativeCache.loading(KernelLibraries::fastBfloat16) ? Precision.BFLOAT16 : Precision.FLOAT32;
  }

  /** Tensors outside the heap: what a progress line says. */
  long offHeap() {
    return step.total() + inbox;
  }

  /** All that is outside the heap. */
  long overhead() {
    return offHeap() + JVM + (ranks > 1 ? NETWORK : 0);
  }

  /** All of a rank's process. */
  long total() {
    return overhead() + HEAP;
  }

  /** A table, and the options that give Spark's executors as much. */
  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(String.format(Locale.ROOT, "memory of %s, %s, %s:",
        ranks == 1 ? "the one executor" : "each of " + ranks + " executors",
        threads == 1 ? "1 thread" : threads + " threads", precision == Precision.BFLOAT16 ? "bf16" : "float32"));
    lines.add(line("weights", step.masters() + step.packed(), String.format(Locale.ROOT,
        "float32 %s, packed for products %s", size(step.masters()), size(step.packed()))));
    lines.add(line("gradients", step.gradients(), "sums of virtual ranks"));
    lines.add(line("optimizer", step.states() + step.work(),
        String.format(Locale.ROOT, "states %s, while it steps %s", size(step.states()), size(step.work()))));
    lines.add(line("activations", step.activations(), "of a micro-batch, or of the held-out rows"));
    lines.add(line("kernels", step.scratch(), "scratch memory"));
    if (ranks > 1) lines.add(line("communication", inbox + NETWORK, "the other ranks' gradients"));
    lines.add(line("JVM", JVM, "classes, compiled code, threads, native libraries"));
    lines.add(line("outside the heap", overhead(), "together"));
    lines.add(line("heap", HEAP, "in use"));
    lines.add(String.format(Locale.ROOT,
        "Spark options: --conf spark.executor.memory=%dm --conf spark.executor.memoryOverhead=%dm "
            + "--conf spark.executor.cores=%d%s",
        heapOption(), overheadOption(), threads,
        ranks > 1 ? " --conf spark.executor.instances=" + ranks : ""));
    return lines;
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
    long machine = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
    if ((double) total() * ranksHere <= machine) return;
    throw new UserError(String.format(Locale.ROOT,
        "not enough memory: a rank needs %.1f GiB, of which %.1f GiB outside the heap (weights %.1f, gradients %.1f, optimizer %.1f, "
            + "activations %.1f, other %.1f)%s; this machine has %.1f GiB: make model.width, model.layers or train.microBatch "
            + "smaller, or use machines with more memory",
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
    String master = conf.get("spark.master", "");
    if (!master.startsWith("yarn") && !master.startsWith("k8s")) return;
    double factor = conf.getDouble("spark.executor.memoryOverheadFactor", 0.1);
    long usual = Math.max(384, (long) (factor * conf.getSizeAsMb("spark.executor.memory", "1g")));
    long granted = conf.getSizeAsMb("spark.executor.memoryOverhead", usual + "m");
    if (overhead() <= granted * MIB) return;
    throw new UserError(String.format(Locale.ROOT,
        "not enough memory: spark.executor.memoryOverhead is %d MiB; a rank needs %d MiB outside the heap (weights %s, gradients "
            + "%s, optimizer %s, activations %s): set spark.executor.memoryOverhead=%dm",
        granted, overhead() / MIB, size(step.masters() + step.packed()), size(step.gradients()),
        size(step.states() + step.work()), size(step.activations()), overheadOption()));
  }
}
