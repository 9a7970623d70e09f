package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.Arrays;
import java.util.List;

/** What micro-batches came to: the summed loss and its gradients, flat like the weights. */
record Computed(double loss, float[] gradients) {
  @SafeVarargs
  static <B extends MicroBatch> Computed of(TrainableModel<B> model, B... batches) {
    return of(model, null, List.of(batches));
  }

  /** @param random for dropout, or null: none */
  static <B extends MicroBatch> Computed of(TrainableModel<B> model, CounterRandom random, List<B> batches) {
    try (Memory memory = Memory.allocate(model.layout().size() * Float.BYTES)) {
      Tensor gradients = Tensor.at(memory.address(), DType.FLOAT32, model.layout().size());
      double loss = 0;
      for (B batch : batches) loss += model.accumulate(batch, gradients, random);
      return new Computed(loss, gradients.toFloats());
    }
  }

  static Computed sum(List<Computed> all) {
    float[] gradients = new float[all.get(0).gradients.length];
    for (Computed one : all) for (int i = 0; i < gradients.length; i++) gradients[i] += one.gradients[i];
    return new Computed(all.stream().mapToDouble(Computed::loss).sum(), gradients);
  }

  float[] gradient(Parameter p) {
    return Arrays.copyOfRange(gradients, (int) p.offset(), (int) (p.offset() + p.size()));
  }

  void isExactly(Computed expected) {
    assertThat(loss).isEqualTo(expected.loss);
    assertThat(gradients).isEqualTo(expected.gradients);
  }

  void agreesWith(Computed expected, TrainableModel<?> model) {
    Agreement.FLOAT32.check("loss", loss, expected.loss);
    for (Parameter p : model.layout().parameters()) {
      Agreement.FLOAT32.check(p.name(), gradient(p), expected.gradient(p), Agreement.largest(expected.gradients));
    }
  }
}
