package dev.kindling.train.loop;

import dev.kindling.checkpoint.WeightSource;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.LanguageModel;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.util.function.LongConsumer;

/** One weight, and a loss that grows by it with every label: what an optimizer does with it can be said in advance. */
final class SlopeModel implements LanguageModel {
  static final BatchSource<Batch> DATA = (step, v, a) -> new Batch(1, 1, new int[]{0}, new int[]{0}, null, new long[1]);
  private final ParameterLayout layout;
  private final Memory memory;
  private final Tensor weights;

  SlopeModel(float start, Parameter.Role role) {
    layout = ParameterLayout.builder().add("w", role, 1).build();
    memory = Memory.allocate(layout.size() * Float.BYTES);
    weights = Tensor.at(memory.address(), DType.FLOAT32, layout.size());
    weights.put(0, new float[]{start}, 0, 1);
  }

  @Override
  public ParameterLayout layout() {
    return layout;
  }

  @Override
  public Tensor weights() {
    return weights;
  }

  @Override
  public WeightSource weightSource() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void weightsChanged() {
  }

  @Override
  public double accumulate(Batch batch, Tensor gradients, CounterRandom random, LongConsumer whole) {
    float[] g = new float[1];
    gradients.get(0, g, 0, 1);
    g[0] += batch.labels();
    gradients.put(0, g, 0, 1);
    return losses(batch, new float[1]);
  }

  @Override
  public double losses(Batch batch, float[] losses) {
    weights.get(0, losses, 0, 1);
    return losses[0] * batch.labels();
  }

  @Override
  public float[] logits(Batch batch) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Sequence newSequence(int capacity) {
    throw new UnsupportedOperationException();
  }

  @Override
  public int vocabularySize() {
    return 1;
  }

  @Override
  public int contextLength() {
    return 1;
  }

  @Override
  public void close() {
    memory.close();
  }
}
