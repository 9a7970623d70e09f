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

  void crossEntropy(Tensor x, Logits form, Tensor targets, Tensor losses, Tensor dx, GradientSum dHead,
      Tensor dBias) {
    Tensor sum = dx == null || dHead == null ? null : dHead.clear(pool).tensor();
    PlainWeight head = (PlainWeight) form.head();
    PlainMatrix bias = form.bias() == null ? null : PlainMatrix.of(form.bias());
    long vocabulary = head.out();
    try (Memory memory = Memory.allocate(ROWS * vocabulary * Float.BYTES)) {
      for (long from = 0; from < targets.size(); from += ROWS) {
        long count = Math.min(ROWS, targets.size() - from);
        PlainMatrix rows = PlainMatrix.of(x).rows(from, count);
        PlainMatrix logits = PlainMatrix.of(Tensor.at(memory.address(), DType.FLOAT32, count, vocabulary));
        product.run(rows, head.matrix(), (r, c, value) -> {
          double z = bias == null ? value : value + bias.get(0, c);
          logits.put(r, c, (float) (form.softcap() == 0 ? z : form.softcap() * Math.tanh(z / form.softcap())));
        });
        long first = from;
        pool.run((int) count, (r, worker) -> {
          int target = Raw.getInt(targets.address() + (first + r) * Integer.BYTES);
          double loss = softmaxGradient(logits, r, target, form.softcap());
          Raw.putFloat(losses.address() + (first + r) * Float.BYTES, (float) loss);
        });
        if (dx != null) gradients(rows, logits, head, PlainMatrix.of(dx).rows(from, count), sum, dBias);
      }
    }
  }

  private void gradients(PlainMatrix x, PlainMatrix dLogits, PlainWeight head, PlainMatrix dx, Tensor dHead,
      Tensor dBias) {
    product.run(dLogits, head.matrix().transposed(), (r, c, value) -> dx.put(r, c, (float) value));
    if (dHead != null) {
      PlainMatrix sum = PlainMatrix.of(dHead).transposed(head.storedTransposed());
      product.run(x.transposed(), dLogits, (r, c, value) -> sum.put(r, c, (float) (sum.get(r, c) + value)));
    }
    if (dBias == null) return;
    PlainMatrix sum = PlainMatrix.of(dBias);
    new PlainLoops(pool).overColumns(dLogits.columns(), c -> {
      double total = 0;
      for (long r = 0; r < dLogits.rows(); r++) total += dLogits.get(r, c);
      sum.put(0, c, (float) (sum.get(0, c) + total));
    });
  }

  /** Turns a row of logits into its loss's gradient, softmax - 1 at the target. @return the loss */
  private static double softmaxGradient(PlainMatrix logits, long row, int target, float softcap) {
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
      double tanh = softcap == 0 ? 0 : logits.get(row, c) / softcap;
      logits.put(row, c, (float) ((c == target ? p - 1 : p) * (1 - tanh * tanh)));
    }
    return loss;
  }
}
