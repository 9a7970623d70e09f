package dev.kindling.train.model;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.List;

/** A small model of any family, and a micro-batch for it. */
record Sample<B extends MicroBatch>(TapedModel<B> model, B batch) implements AutoCloseable {
  /** Every family that there is, with every head, two layers each. */
  static List<ModelConfig> families() {
    List<ModelConfig> all = new ArrayList<>(DecoderInfluenceTest.families());
    for (EncoderTask task : EncoderSamples.TASKS) all.add(EncoderSamples.config(task));
    all.add(EncoderSamples.T5);
    all.add(T5Config.of(67, 32, 8, 48, 2, 4));
    return all;
  }

  /** Random weights and rows of unequal lengths. @param config of those in {@link #families} or like them */
  static Sample<?> of(ModelConfig config, Kernels kernels, Precision precision) {
    Sample<?> sample = fresh(config, kernels, precision);
    Samples.randomise(sample.model, 3);
    return sample;
  }

  private static Sample<?> fresh(ModelConfig config, Kernels kernels, Precision precision) {
    if (config instanceof BertConfig bert) {
      return new Sample<>(EncoderModel.create(bert, kernels, precision, 1),
          EncoderSamples.batch(bert.task(), 0, EncoderSamples.UNEQUAL));
    }
    if (config instanceof T5Config t5) {
      return new Sample<>(T5Model.create(t5, kernels, precision, 1), EncoderSamples.pairs(0, EncoderSamples.UNEQUAL));
    }
    return new Sample<>(DecoderModel.create((DecoderConfig) config, kernels, precision, 1),
        Samples.batch(67, 24, 3, 24, 1, 7));
  }

  /** Loss and gradients. @param random for dropout, or null: none */
  Computed computed(CounterRandom random) {
    return Computed.of(model, random, List.of(batch));
  }

  double loss() {
    return model.loss(batch);
  }

  @Override
  public void close() {
    model.close();
  }
}
