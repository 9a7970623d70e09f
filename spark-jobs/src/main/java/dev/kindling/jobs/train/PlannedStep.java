package dev.kindling.jobs.train;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.data.pack.Packing;
import dev.kindling.data.shard.LongestPair;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.SizingKernels;
import dev.kindling.train.loop.RunOptions;
import dev.kindling.train.loop.StepMemory;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.Seq2SeqBatch;
import dev.kindling.train.model.T5Model;
import dev.kindling.train.model.TapedModel;
import dev.kindling.train.objective.MaskedWords;
import dev.kindling.train.objective.NextToken;
import dev.kindling.train.objective.SequenceToSequence;
import dev.kindling.train.objective.SpanCorruption;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;

/**
 * A step of a run on kernels that compute nothing: the run's own model and objective, with rows of the longest kind, so that what
 * they ask for is counted, whatever they are.
 */
record PlannedStep(PretrainPlan plan, RunOptions options) {
  /** What an objective makes of rows. */
  @FunctionalInterface
  private interface Objective<B extends MicroBatch> {
    B batch(List<int[]> rows, long[] sampleIds, long seed, long step);
  }

  /** @param ranks of the run; @return what the rank that needs the most holds */
  StepMemory on(SizingKernels sizing, Precision precision, int ranks) {
    try (TapedModel<?> model = ran(sizing.kernels(), precision)) {
      return StepMemory.of(model.layout(), options, ranks, sizing, model.peakActivationBytes());
    }
  }

  private TapedModel<?> ran(Kernels kernels, Precision precision) {
    ObjectiveSettings objective = plan.config().objective();
    int end = plan.dataset().endOfText();
    int time = plan.dataset().sequenceLength();
    if (plan.model() instanceof BertConfig bert && plan.dataset().labels() != null) {
      Labelling labelling = new Labelling(plan.dataset().labels(), bert);
      return ran(EncoderModel.planned(bert, kernels, precision), time,
          (rows, ids, seed, step) -> labelling.planned(rows, ids));
    }
    if (plan.model() instanceof BertConfig bert) {
      MaskedWords words = objective.maskedWords(plan.extra(), end);
      return ran(EncoderModel.planned(bert, kernels, precision), time, words::batch);
    }
    if (plan.model() instanceof T5Config t5 && plan.isOfPairs()) {
      LongestPair longest = plan.dataset().packing().longest();
      return ran(T5Model.planned(t5, kernels, precision), longest.prompt() + longest.completion(),
          (rows, ids, seed, step) -> pairs(t5, longest, rows, ids));
    }
    if (plan.model() instanceof T5Config t5) {
      SpanCorruption spans = objective.spans(plan.extra(), end);
      return ran(T5Model.planned(t5, kernels, precision), time, spans::batch);
    }
    boolean apart = objective.documents() == ObjectiveSettings.Documents.APART
        || plan.dataset().packingKind() == Packing.PROMPT_COMPLETION;
    return ran(DecoderModel.planned((DecoderConfig) plan.model(), kernels, precision), time + 1,
        (rows, ids, seed, step) -> {
          Batch batch = NextToken.batch(rows, ids);
          return apart ? batch.apart(end) : batch;
        });
  }

  /** A batch of which some pair has the longest text to read, and some the longest to write: it is padded to both. */
  private static Seq2SeqBatch pairs(T5Config model, LongestPair longest, List<int[]> rows, long[] sampleIds) {
    return new SequenceToSequence(model.startToken(), model.padToken()).batch(
        rows.stream().map(row -> Arrays.copyOf(row, longest.prompt())).toList(),
        rows.stream().map(row -> Arrays.copyOf(row, longest.completion())).toList(), sampleIds);
  }

  /** @param length of a row, in tokens */
  private <B extends MicroBatch> TapedModel<B> ran(TapedModel<B> model, int length, Objective<B> objective) {
    long heldOut = Math.min(plan.config().train().evaluationRows(), plan.dataset().heldOut().rows());
    if (plan.config().train().activationCheckpointing()) model.checkpointActivations();
    Memory.planned(() -> {
      Tensor gradients = Tensor.at(Long.BYTES, DType.FLOAT32, model.layout().size());      // nowhere: nothing is written
      model.accumulate(batch(objective, options.microBatch(), length, 1), gradients, CounterRandom.of(0, "dropout"));
      if (heldOut > 0) model.loss(batch(objective, heldOut, length, 0));
    });
    return model;
  }

  private <B extends MicroBatch> B batch(Objective<B> objective, long count, int length, long step) {
    int[] row = new int[length];
    int ordinary = 0;
    while (ordinary == plan.dataset().endOfText() || plan.extra().special().contains(ordinary)) ordinary++;
    Arrays.fill(row, ordinary);
    List<int[]> rows = Collections.nCopies(Math.toIntExact(count), row);
    return objective.batch(rows, LongStream.range(0, count).toArray(), options.seed(), step);
  }
}
