package dev.kindling.train.model;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;

/** Plain AdamW on one batch, as golden/generate.py trains: rate 1e-2, decay 0.1 on matrices, clipped to a norm of 1. */
final class Training<B extends MicroBatch> implements AutoCloseable {
  private final Kernels kernels;
  private final TrainableModel<B> model;
  private final Memory[] memories = new Memory[3];
  private final Tensor gradients;
  private final Tensor first;
  private final Tensor second;
  private final double epsilon;
  private long step;

  Training(Kernels kernels, TrainableModel<B> model) {
    this(kernels, model, 1e-8);
  }

  /** @param epsilon of AdamW; the golden paths have 1e-8 */
  Training(Kernels kernels, TrainableModel<B> model, double epsilon) {
    this.kernels = kernels;
    this.model = model;
    this.epsilon = epsilon;
    Tensor[] flats = new Tensor[3];
    for (int i = 0; i < 3; i++) {
      memories[i] = Memory.allocate(model.layout().size() * Float.BYTES);
      flats[i] = Tensor.at(memories[i].address(), DType.FLOAT32, model.layout().size());
    }
    gradients = flats[0];
    first = flats[1];
    second = flats[2];
  }

  record Step(double loss, double gradientNorm) {}

  Step run(B batch) {
    return run(batch, 1);
  }

  /** @param times that the batch's gradients are added, as generate.py adds its first ones to those it recorded */
  Step run(B batch, int times) {
    gradients.put(0, new float[(int) gradients.size()], 0, (int) gradients.size());
    double scale = 1.0 / batch.labels();
    double loss = 0;
    for (int i = 0; i < times; i++) loss = model.accumulate(batch, gradients) * scale;
    double[] squares = new double[(int) ((gradients.size() + Kernels.NORM_BLOCK - 1) / Kernels.NORM_BLOCK)];
    kernels.sumSquares(gradients, squares);
    double sum = 0;
    for (double s : squares) sum += s;
    double norm = Math.sqrt(sum) * scale;
    double clip = Math.min(1, 1 / (norm + 1e-6));
    step++;
    for (Parameter p : model.layout().parameters()) {
      double decay = p.shape().length > 1 ? 0.1 : 0;
      kernels.adamw(p.in(model.weights()), p.in(gradients), p.in(first), p.in(second), scale * clip, 1e-2, 0.9, 0.999,
          epsilon, decay, step);
    }
    model.weightsChanged();
    return new Step(loss, norm);
  }

  @Override
  public void close() {
    for (Memory m : memories) m.close();
  }
}
