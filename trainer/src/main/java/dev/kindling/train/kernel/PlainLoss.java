package dev.kindling.train.kernel;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/**
 * Cross-entropy in plain Java, {@value #ROWS} rows of logits at a time; rows whose label does not count are left out.
 */
final class PlainLoss {
  private static final int ROWS = 64;
  private final WorkerPool pool;
  private final PlainProduct product;

  PlainLoss(WorkerPool pool, PlainProduct product) {
    this.pool = pool;
    this.product = product;
  }

  void crossEntropy(Tensor x, PlainWeight head, Tensor targets, Tensor losses, Tensor dx, Tensor dHead) {
    long vocabulary = head.out();
    try (Memory memory = Memory.allocate(ROWS * vocabulary * Float.BYTES)) {
      for (long from = 0; from < targets.size(); from += ROWS) {
        long count = Math.min(ROWS, targets.size() - from);
        PlainMatrix rows = PlainMatrix.of(x).rows(from, count);
        PlainMatrix logits = PlainMatrix.of(Tensor.at(memory.address(), DType.FLOAT32, count, vocabulary));
        product.run(rows, head.matrix(), (r, c, value) -> logits.put(r, c, (float) value));
        long first = from;
        pool.run((int) count, (r, worker) -> {
          int target = Raw.getInt(targets.address() + (first + r) * Integer.BYTES);
          Raw.putFloat(losses.address() + (first + r) * Float.BYTES, (float) softmaxGradient(logits, r, target));
        });
        if (dx != null) gradients(rows, logits, head, PlainMatrix.of(dx).rows(from, count), dHead);
      }
    }
  }

  private void gradients(PlainMatrix x, PlainMatrix dLogits, PlainWeight head, PlainMatrix dx, Tensor dHead) {
    product.run(dLogits, head.matrix().transposed(), (r, c, value) -> dx.put(r, c, (float) value));
    PlainMatrix sum = PlainMatrix.of(dHead).transposed(head.storedTransposed());
    product.run(x.transposed(), dLogits, (r, c, value) -> sum.put(r, c, (float) (sum.get(r, c) + value)));
  }

  /** Turns a row of logits into its loss's gradient, softmax - 1 at the target. @return the loss */
  private static double softmaxGradient(PlainMatrix logits, long row, int target) {
    long vocabulary = logits.columns();
    if (target == Kernels.IGNORED) {
      for (long c = 0; c < vocabulary; c++) logits.put(row, c, 0);
      return 0;
    }
    double most = Double.NEGATIVE_INFINITY;
    for (long c = 0; c < vocabulary; c++) most = Math.max(most, logits.get(row, c));
    double sum = 0;
    for (long c = 0; c < vocabulary; c++) sum += Math.exp(logits.get(row, c) - most);
    double loss = most + Math.log(sum) - logits.get(row, target);
    for (long c = 0; c < vocabulary; c++) {
      double p = Math.exp(logits.get(row, c) - most) / sum;
      logits.put(row, c, (float) (c == target ? p - 1 : p));
    }
    return loss;
  }
}
