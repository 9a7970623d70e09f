package dev.kindling.jobs.train;

import com.sun.management.OperatingSystemMXBean;
import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.train.collective.SubtreeSums;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/**
 * What a rank keeps outside the heap at the least, in bytes: a run that cannot fit is refused with these figures.
 *
 * @param weights float32, and their copies in the layout and type that products read
 * @param gradients the most flat vectors that the tree of its virtual ranks keeps at once
 * @param optimizer states of the rank's shard
 * @param activations that a micro-batch's backward pass reads
 */
record MemoryNeed(long weights, long gradients, long optimizer, long activations) {
  private static final double GIB = 1 << 30;
  /** What is stored of a position and layer, in widths: both norms, q, k, v, attention's output, the inner layer twice. */
  private static final long STORED_WIDTHS = 14;
  private static final int FLOAT = 4;
  private static final int SMALLEST = 2;

  static MemoryNeed of(PretrainPlan plan, int ranks) {
    ModelConfig model = plan.model();
    TrainSettings train = plan.config().train();
    double parameters = model.parameters();
    int buffers = SubtreeSums.buffers(train.virtualRanks(), ranks);
    // AdamW keeps two moments, momentum one
    int states = plan.config().optimizer().kind() == OptimizerSettings.Kind.ADAMW ? 2 : 1;
    double positions = (double) train.microBatch() * plan.dataset().sequenceLength();
    return new MemoryNeed(bytes(parameters * (FLOAT + SMALLEST)), bytes(parameters * FLOAT * buffers),
        bytes(parameters * FLOAT * states / ranks),
        bytes(positions * layerWidths(model) * STORED_WIDTHS * SMALLEST));
  }

  /** Widths of all layers together; a decoder that looks at an encoder counts twice. */
  private static double layerWidths(ModelConfig model) {
    if (model instanceof DecoderConfig decoder) return (double) decoder.layers() * decoder.width();
    if (model instanceof BertConfig bert) return (double) bert.layers() * bert.width();
    if (model instanceof T5Config t5) return (t5.layers() + 2.0 * t5.decoderLayers()) * t5.width();
    throw new IllegalStateException("unknown family " + model.family());
  }

  private static long bytes(double count) {
    return (long) Math.min(count, Long.MAX_VALUE / 8);
  }

  long total() {
    return weights + gradients + optimizer + activations;
  }

  /**
   * Refuses what cannot be.
   *
   * @param ranks that share this machine
   * @throws UserError with need, room, and what to change
   */
  void refuseUnlessItFits(int ranks) {
    long machine = ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
    if ((double) total() * ranks <= machine) return;
    throw new UserError(String.format(Locale.ROOT,
        "not enough memory: a rank needs at least %.1f GiB outside the heap (weights %.1f, gradients %.1f, optimizer %.1f, "
            + "activations %.1f)%s; this machine has %.1f GiB: make model.width, model.layers or train.microBatch smaller, or use "
            + "machines with more memory",
        total() / GIB, weights / GIB, gradients / GIB, optimizer / GIB, activations / GIB,
        ranks > 1 ? ", and " + ranks + " ranks share a machine" : "", machine / GIB));
  }
}
