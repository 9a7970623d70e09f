package dev.kindling.bench;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.LlamaFamily;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.Seq2SeqBatch;
import dev.kindling.train.model.T5Model;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.tensor.Precision;
import java.util.List;
import java.util.Random;

/**
 * What {@code bench/run train} trains, as {@code peers/train.py} has it: a model and micro-batches of random tokens.
 *
 * @param batch sequences of a step; @param time tokens of each; @param vocabulary that they are drawn from
 */
record TrainCase<B extends MicroBatch>(Maker<B> maker, int batch, int time, int vocabulary, Drawing<B> drawing) {
  /** In the order of the table. */
  static final List<String> NAMES = List.of("demo", "gpt2-124m", "llama-30m", "bert-base", "t5-small");
  private static final double MASKED = 0.15;             // of BERT's positions

  /** Makes the model with fresh weights. */
  @FunctionalInterface
  interface Maker<B extends MicroBatch> {
    TrainableModel<B> make(Kernels kernels, Precision precision);
  }

  /** Draws a micro-batch. */
  @FunctionalInterface
  interface Drawing<B extends MicroBatch> {
    B draw(TrainCase<B> shape, Random random);
  }

  static TrainCase<?> of(String name) {
    return switch (name) {
      case "demo" -> decoder(Gpt2Config.of(2048, 128, 256, 4, 4), 8, 128);
      case "gpt2-124m" -> decoder(Gpt2Config.of(50257, 1024, 768, 12, 12), 4, 256);
      case "llama-30m" -> decoder(LlamaConfig.of(LlamaFamily.LLAMA, 8192, 512, 512, 8, 8, 4, 1376), 4, 512);
      case "bert-base" -> new TrainCase<>((kernels, precision) -> EncoderModel.create(
          BertConfig.of(30522, 512, 768, 12, 12), kernels, precision, 1), 8, 128, 30522, TrainCase::masked);
      case "t5-small" -> new TrainCase<>((kernels, precision) -> T5Model.create(
          T5Config.of(32128, 512, 64, 2048, 6, 8), kernels, precision, 1), 8, 128, 32128, TrainCase::sequences);
      default -> throw new IllegalArgumentException(name);
    };
  }

  private static TrainCase<Batch> decoder(DecoderConfig config, int batch, int time) {
    return new TrainCase<>((kernels, precision) -> DecoderModel.create(config, kernels, precision, 1), batch, time,
        config.vocabularySize(), TrainCase::nextTokens);
  }

  private int[] tokens(Random random) {
    return random.ints((long) batch * time, 1, vocabulary).toArray();
  }

  private Batch nextTokens(Random random) {
    return new Batch(batch, time, tokens(random), tokens(random), null, new long[batch]);
  }

  private EncoderBatch masked(Random random) {
    int[] targets = tokens(random);
    for (int i = 0; i < targets.length; i++) if (random.nextDouble() >= MASKED) targets[i] = Kernels.IGNORED;
    return new EncoderBatch(batch, time, tokens(random), null, null, targets, null, new long[batch]);
  }

  private Seq2SeqBatch sequences(Random random) {
    int[] targets = tokens(random);
    int[] before = new int[targets.length];
    for (int row = 0; row < batch; row++) System.arraycopy(targets, row * time, before, row * time + 1, time - 1);
    return new Seq2SeqBatch(batch, time, tokens(random), null, time, before, targets, new long[batch]);
  }
}
