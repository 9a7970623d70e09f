package dev.kindling.train.kernel;

import static dev.kindling.train.kernel.RowWork.at;

import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Raw;
import dev.kindling.train.tensor.Tensor;

/** {@link Routing} over {@link RowKernels}; what has only as many columns as there are experts stays in plain Java. */
final class RowRouting implements Routing {
  private static final DType F = DType.FLOAT32;
  private final RowWork work;
  private final Routing small;

  RowRouting(RowWork work) {
    this.work = work;
    small = new PlainRouting(new PlainLoops(work.pool()));
  }

  private static int int32(Tensor of, long i) {
    return Raw.getInt(of.address() + i * Integer.BYTES);
  }

  @Override
  public void route(Tensor logits, Tensor chosen, Tensor weights) {
    small.route(logits, chosen, weights);
  }

  @Override
  public void routeGradient(Tensor chosen, Tensor weights, Tensor dWeights, Tensor dLogits) {
    small.routeGradient(chosen, weights, dWeights, dLogits);
  }

  @Override
  public void combine(Tensor from, Tensor rows, Tensor slots, Tensor weights, Tensor to) {
    int width = RowWork.width(from);
    work.forRows(from.rows(), (i, on) -> {
      long target = at(to, (long) int32(rows, i) * width);
      float[] sum = on.read(0, F, target, width);
      float[] row = on.read(1, from.type(), at(from, i * width), width);
      on.kernels().addScaled(row, Raw.getFloat(at(weights, int32(slots, i))), sum, width);
      on.write(sum, width, F, target);
    });
  }

  @Override
  public void combineGradient(Tensor from, Tensor rows, Tensor slots, Tensor weights, Tensor dTo, Tensor dFrom,
      Tensor dWeights) {
    int width = RowWork.width(from);
    work.forRows(from.rows(), (i, on) -> {
      float[] d = on.read(0, dTo.type(), at(dTo, (long) int32(rows, i) * width), width);
      float[] row = on.read(1, from.type(), at(from, i * width), width);
      int slot = int32(slots, i);
      Raw.putFloat(at(dWeights, slot), on.kernels().dot(row, d, width));
      on.kernels().scale(d, Raw.getFloat(at(weights, slot)), width);
      on.write(d, width, dFrom.type(), at(dFrom, i * width));
    });
  }

  @Override
  public void routerLoss(Tensor logits, Tensor counted, double[] balance, double z, Tensor losses, Tensor dLogits) {
    small.routerLoss(logits, counted, balance, z, losses, dLogits);
  }
}
