package dev.kindling.train.kernel;

import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/** {@link Routing} in plain Java and double. */
final class PlainRouting implements Routing {
  private final PlainLoops loops;

  PlainRouting(PlainLoops loops) {
    this.loops = loops;
  }

  private static int int32(Tensor of, long i) {
    return Raw.getInt(of.address() + i * Integer.BYTES);
  }

  @Override
  public void route(Tensor logits, Tensor chosen, Tensor weights) {
    PlainMatrix in = PlainMatrix.of(logits);
    PlainMatrix to = PlainMatrix.of(weights);
    int k = (int) to.columns();
    if (k > in.columns() || chosen.size() != weights.size() || in.rows() != to.rows()) {
      throw new IllegalArgumentException(weights + " and " + chosen + " cannot be chosen from " + logits);
    }
    loops.overRows(in.rows(), r -> {
      double sum = 0;
      for (int j = 0; j < k; j++) {
        int next = next(in, r, j == 0 ? -1 : int32(chosen, r * k + j - 1));
        Raw.putInt(chosen.address() + (r * k + j) * Integer.BYTES, next);
        sum += Math.exp(in.get(r, next) - in.get(r, int32(chosen, r * k)));
      }
      for (int j = 0; j < k; j++) {
        double largest = in.get(r, int32(chosen, r * k));
        to.put(r, j, (float) (Math.exp(in.get(r, int32(chosen, r * k + j)) - largest) / sum));
      }
    });
  }

  /**
   * The expert that follows {@code last} (-1: none) in the order of falling logits and rising numbers. What is no number comes
   * first: then the weights are none either, and so the loss, which tells it.
   */
  private static int next(PlainMatrix logits, long row, int last) {
    int best = -1;
    for (int e = 0; e < logits.columns(); e++) {
      float value = logits.get(row, e);
      boolean after = last < 0 || isBefore(logits.get(row, last), value)
          || e > last && !isBefore(value, logits.get(row, last));
      if (after && (best < 0 || isBefore(value, logits.get(row, best)))) best = e;
    }
    return best;
  }

  private static boolean isBefore(float a, float b) {
    return a > b || Float.isNaN(a) && !Float.isNaN(b);
  }

  @Override
  public void routeGradient(Tensor chosen, Tensor weights, Tensor dWeights, Tensor dLogits) {
    PlainMatrix w = PlainMatrix.of(weights);
    PlainMatrix dw = PlainMatrix.of(dWeights.reshape(weights.shape()));
    PlainMatrix to = PlainMatrix.of(dLogits);
    loops.overRows(w.rows(), r -> {
      double mean = 0;
      for (long j = 0; j < w.columns(); j++) mean += (double) w.get(r, j) * dw.get(r, j);
      for (long e = 0; e < to.columns(); e++) to.put(r, e, 0);
      for (long j = 0; j < w.columns(); j++) {
        to.put(r, int32(chosen, r * w.columns() + j), (float) (w.get(r, j) * (dw.get(r, j) - mean)));
      }
    });
  }

  @Override
  public void combine(Tensor from, Tensor rows, Tensor slots, Tensor weights, Tensor to) {
    PlainMatrix in = PlainMatrix.of(from);
    PlainMatrix out = PlainMatrix.of(to);
    PlainMatrix w = PlainMatrix.flat(weights);
    loops.overRows(in.rows(), i -> {
      int row = int32(rows, i);
      float factor = w.get(0, int32(slots, i));
      for (long c = 0; c < in.columns(); c++) out.put(row, c, out.get(row, c) + factor * in.get(i, c));
    });
  }

  @Override
  public void combineGradient(Tensor from, Tensor rows, Tensor slots, Tensor weights, Tensor dTo, Tensor dFrom,
      Tensor dWeights) {
    PlainMatrix in = PlainMatrix.of(from);
    PlainMatrix back = PlainMatrix.of(dTo);
    PlainMatrix to = PlainMatrix.of(dFrom);
    PlainMatrix w = PlainMatrix.flat(weights);
    PlainMatrix dw = PlainMatrix.flat(dWeights);
    loops.overRows(in.rows(), i -> {
      int row = int32(rows, i);
      int slot = int32(slots, i);
      double sum = 0;
      for (long c = 0; c < in.columns(); c++) {
        sum += (double) in.get(i, c) * back.get(row, c);
        to.put(i, c, w.get(0, slot) * back.get(row, c));
      }
      dw.put(0, slot, (float) sum);
    });
  }

  @Override
  public void routerLoss(Tensor logits, Tensor counted, double[] balance, double z, Tensor losses, Tensor dLogits) {
    PlainMatrix in = PlainMatrix.of(logits);
    PlainMatrix to = dLogits == null ? null : PlainMatrix.of(dLogits);
    PlainMatrix out = PlainMatrix.flat(losses);
    loops.overRows(in.rows(), r -> {
      boolean counts = counted == null || int32(counted, r) != 0;
      double largest = Double.NEGATIVE_INFINITY;
      for (long e = 0; e < in.columns(); e++) largest = Math.max(largest, in.get(r, e));
      double sum = 0;
      for (long e = 0; e < in.columns(); e++) sum += Math.exp(in.get(r, e) - largest);
      double log = largest + Math.log(sum);
      double mean = 0;
      for (int e = 0; e < balance.length; e++) mean += balance[e] * Math.exp(in.get(r, e) - log);
      out.put(0, r, counts ? (float) (mean + z * log * log) : 0);
      for (int e = 0; to != null && e < balance.length; e++) {
        double slope = Math.exp(in.get(r, e) - log) * (balance[e] - mean + 2 * z * log);
        to.put(r, e, counts ? (float) slope : 0);
      }
    });
  }
}
