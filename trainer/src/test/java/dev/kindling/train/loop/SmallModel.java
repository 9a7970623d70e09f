package dev.kindling.train.loop;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.T5Model;
import dev.kindling.train.model.TapedModel;
import dev.kindling.train.objective.MaskedWords;
import dev.kindling.train.objective.NextToken;
import dev.kindling.train.objective.SpanCorruption;
import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * A model of any kind with random rows to learn from, all of one length.
 *
 * @param created with weights; @param planned without
 */
record SmallModel<B extends MicroBatch>(String name, Maker<B> created, Maker<B> planned, BatchSource<B> batches) {
  @FunctionalInterface
  interface Maker<B extends MicroBatch> {
    TapedModel<B> make(Kernels kernels, Precision precision);
  }

  static SmallModel<Batch> decoder(DecoderConfig config, int rows, int time) {
    return new SmallModel<>(config.family() + " " + config.width(),
        (kernels, precision) -> DecoderModel.create(config, kernels, precision, 1),
        (kernels, precision) -> DecoderModel.planned(config, kernels, precision),
        (step, v, a) -> NextToken.batch(rows(step * 64 + v * 8 + a, rows, time + 1, config.vocabularySize()),
            new long[rows]));
  }

  static SmallModel<?> encoder(BertConfig config, int rows, int time) {
    MaskedWords words = new MaskedWords(1, 0, config.vocabularySize(), Set.of(), MaskedWords.SHARE);
    return new SmallModel<>(config.family() + " " + config.width(),
        (kernels, precision) -> EncoderModel.create(config, kernels, precision, 1),
        (kernels, precision) -> EncoderModel.planned(config, kernels, precision),
        (step, v, a) -> words.batch(rows(step * 64 + v * 8 + a, rows, time, config.vocabularySize()), new long[rows],
            1, step));
  }

  static SmallModel<?> t5(T5Config config, int rows, int time) {
    SpanCorruption spans = SpanCorruption.of(config.vocabularySize(), config.padToken(), 1);
    return new SmallModel<>("t5 " + config.width(),
        (kernels, precision) -> T5Model.create(config, kernels, precision, 1),
        (kernels, precision) -> T5Model.planned(config, kernels, precision),
        (step, v, a) -> spans.batch(rows(step * 64 + v * 8 + a, rows, time, config.vocabularySize() - 100),
            new long[rows], 1, step));
  }

  /** The same, with the blocks' inputs alone kept for the way back. */
  SmallModel<B> checkpointed() {
    return new SmallModel<>(name + " checkpointed", checkpointed(created), checkpointed(planned), batches);
  }

  private static <B extends MicroBatch> Maker<B> checkpointed(Maker<B> maker) {
    return (kernels, precision) -> {
      TapedModel<B> model = maker.make(kernels, precision);
      model.checkpointActivations();
      return model;
    };
  }

  private static List<int[]> rows(long seed, int count, int length, int vocabulary) {
    Random random = new Random(seed);
    List<int[]> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) rows.add(random.ints(length, 2, vocabulary).toArray());
    return rows;
  }

  @Override
  public String toString() {
    return name;
  }
}
