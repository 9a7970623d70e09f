package dev.kindling.train.loop;

import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.profile.Part;
import dev.kindling.train.profile.Spans;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.Tensor;
import java.util.Optional;
import java.util.function.LongConsumer;

/** A model with the batches that it learns from: steps run them and need not know what is in them. @param losses who is told */
record MicroBatches<B extends MicroBatch>(TrainableModel<B> model, BatchSource<B> source, LabelLosses losses) {
  MicroBatches(TrainableModel<B> model, BatchSource<B> source) {
    this(model, source, LabelLosses.NONE);
  }

  MicroBatches<B> telling(LabelLosses who) {
    return new MicroBatches<>(model, source, who);
  }

  /** What a micro-batch came to. @param loss the sum over its labels; @param tokens positions that were read */
  record Counted(double loss, long labels, long tokens) {}

  /**
   * Adds one micro-batch's gradients; the first of a sum is written over what is there.
   *
   * @param random of the run: a micro-batch's part of it is a function of the same three numbers as its data
   * @param complete is told from which element on this micro-batch adds nothing any more
   */
  Counted accumulate(long step, int virtualRank, int accumulation, CounterRandom random, Tensor gradients,
      LongConsumer complete, Spans spans) {
    Part before = spans.enter(Part.DATA);
    B batch = source.batch(step, virtualRank, accumulation);
    spans.enter(before);
    CounterRandom own = own(random, step, virtualRank, accumulation);
    double loss = accumulation == 0
        ? model.begin(batch, gradients, own, complete)
        : model.accumulate(batch, gradients, own, complete);
    if (losses.wants(step)) model.labelLosses().ifPresent(each -> losses.add(step, virtualRank, accumulation, each));
    return new Counted(loss, batch.labels(), batch.tokens());
  }

  /** Does the same once more and watches. @return where the first number came from that is not finite, as far as the model tells */
  Optional<String> firstNonFinite(long step, int virtualRank, int accumulation, CounterRandom random,
      Tensor gradients) {
    return model.firstNonFinite(source.batch(step, virtualRank, accumulation), gradients,
        own(random, step, virtualRank, accumulation));
  }

  private static CounterRandom own(CounterRandom random, long step, int virtualRank, int accumulation) {
    return random.child(step).child(virtualRank).child(accumulation);
  }
}
