package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/** {@link LabelLoss}es in plain Java and double: there are few logits, so that all kernels share this. */
final class LabelLosses {
  private final PlainLoops loops;

  LabelLosses(PlainLoops loops) {
    this.loops = loops;
  }

  void run(LabelLoss loss, Tensor logits, Tensor targets, Tensor losses, Tensor dLogits) {
    long labels = logits.dim(-1);
    if (losses.size() != logits.rows() || targets.size() != (loss == LabelLoss.ONE_OF ? losses : logits).size()) {
      throw new IllegalArgumentException(targets + " and " + losses + " do not fit " + logits);
    }
    loops.overRows(logits.rows(), r -> {
      long row = r * labels * Float.BYTES;
      long gradient = dLogits == null ? 0 : dLogits.address() + row;
      double sum = loss == LabelLoss.ONE_OF
          ? oneOf(logits.address() + row, Raw.getInt(targets.address() + r * Integer.BYTES), labels, gradient)
          : each(loss, logits.address() + row, targets.address() + row, labels, gradient);
      Raw.putFloat(losses.address() + r * Float.BYTES, (float) sum);
    });
  }

  /** @param gradient where to write it, or 0 */
  private static double oneOf(long logits, int target, long labels, long gradient) {
    if (target >= labels || target < 0 && target != Kernels.IGNORED) {
      throw new IllegalArgumentException("label " + target + " is not in [0, " + labels + ") nor " + Kernels.IGNORED);
    }
    double most = Double.NEGATIVE_INFINITY;
    for (long i = 0; i < labels; i++) most = Math.max(most, element(logits, i));
    double sum = 0;
    for (long i = 0; i < labels; i++) sum += Math.exp(element(logits, i) - most);
    boolean counts = target != Kernels.IGNORED;
    for (long i = 0; gradient != 0 && i < labels; i++) {
      double p = Math.exp(element(logits, i) - most) / sum;
      Raw.putFloat(gradient + i * Float.BYTES, (float) (counts ? i == target ? p - 1 : p : 0));
    }
    return counts ? most + Math.log(sum) - element(logits, target) : 0;
  }

  private static double each(LabelLoss loss, long logits, long targets, long labels, long gradient) {
    double sum = 0;
    for (long i = 0; i < labels; i++) {
      double z = element(logits, i);
      double t = element(targets, i);
      boolean counts = !Double.isNaN(t);
      double slope = 0;
      if (counts && loss == LabelLoss.SQUARED) {
        sum += (z - t) * (z - t);
        slope = 2 * (z - t);
      } else if (counts) {
        sum += Math.max(z, 0) - z * t + Math.log1p(Math.exp(-Math.abs(z)));      // -log σ of either sign, without overflow
        slope = 1 / (1 + Math.exp(-z)) - t;
      }
      if (gradient != 0) Raw.putFloat(gradient + i * Float.BYTES, (float) slope);
    }
    return sum;
  }

  private static float element(long address, long i) {
    return Raw.getFloat(address + i * Float.BYTES);
  }
}
