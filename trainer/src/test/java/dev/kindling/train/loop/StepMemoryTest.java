package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.BloomConfig;
import dev.kindling.checkpoint.DropoutRates;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.GptNeoxConfig;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.LlamaFamily;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.train.collective.Alone;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.SizingKernels;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.TapedModel;
import dev.kindling.train.optim.Adafactor;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.optim.AveragedWeights;
import dev.kindling.train.optim.Lion;
import dev.kindling.train.optim.OptimizerRecipe;
import dev.kindling.train.optim.Sgd;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Memory is told before a run as it is measured in its third step. */
class StepMemoryTest {
  private static final OptimizerRecipe ADAMW = AdamW.Recipe.of(1e-3);
  private static final OptimizerRecipe LION = new Lion.Recipe(1e-4, 0.9, 0.99, 0);
  private static final OptimizerRecipe ADAFACTOR = Adafactor.Recipe.of(1e-2, 0);
  private static final OptimizerRecipe SGD = new Sgd.Recipe(1e-2, 0.9, false, 0);
  private static final OptimizerRecipe AVERAGED = new AveragedWeights.Recipe(TinyRun.MUON, 0.9);
  private static final Precision WIDE = Precision.FLOAT32;
  private static final Precision NARROW = Precision.BFLOAT16;

  private static Arguments gpt2(Gpt2Config config, int rows, Precision precision, RunOptions.Builder options,
      int threads) {
    return Arguments.of(SmallModel.decoder(config, rows, config.contextLength()), precision, options, threads);
  }

  private static RunOptions.Builder run(OptimizerRecipe recipe, int virtualRanks) {
    return RunOptions.of(3, recipe).virtualRanks(virtualRanks);
  }

  static Stream<Arguments> runs() {
    LlamaConfig llama = LlamaConfig.of(LlamaFamily.LLAMA, 900, 200, 160, 3, 4, 2, 448);
    LlamaConfig gemma = LlamaConfig.of(LlamaFamily.GEMMA2, 900, 96, 128, 2, 4, 2, 384);
    LlamaConfig mixtral = LlamaConfig.of(LlamaFamily.MIXTRAL, 900, 128, 128, 3, 4, 2, 320);
    T5Config t5 = T5Config.of(1100, 128, 32, 512, 2, 4);
    BertConfig bert = BertConfig.of(1500, 128, 160, 3, 4);
    return Stream.of(
        gpt2(Gpt2Config.of(2048, 128, 128, 2, 4), 2, WIDE, run(TinyRun.MUON, 8), 1),
        gpt2(Gpt2Config.of(2048, 128, 128, 2, 4), 2, NARROW, run(TinyRun.MUON, 8), 1),
        gpt2(Gpt2Config.of(301, 64, 192, 5, 3), 4, WIDE, run(ADAMW, 1).accumulate(2), 2),
        gpt2(Gpt2Config.of(20_011, 640, 64, 1, 2), 1, NARROW, run(ADAFACTOR, 2), 2),
        gpt2(Gpt2Config.of(500, 600, 96, 3, 3), 1, WIDE, run(LION, 4), 2),
        gpt2(Gpt2Config.of(61, 16, 512, 1, 8), 1, NARROW, run(AVERAGED, 5), 1),
        Arguments.of(SmallModel.decoder(llama, 2, 200), WIDE, run(ADAMW, 2), 2),
        Arguments.of(SmallModel.decoder(llama, 2, 200), NARROW, run(TinyRun.MUON, 2), 1),
        Arguments.of(SmallModel.decoder(gemma, 2, 96), NARROW, run(SGD, 3), 2),
        Arguments.of(SmallModel.decoder(mixtral, 2, 128), WIDE, run(ADAMW, 1), 2),
        Arguments.of(SmallModel.decoder(mixtral, 2, 128), NARROW, run(TinyRun.MUON, 2).accumulate(2), 1),
        Arguments.of(SmallModel.decoder(GptNeoxConfig.of(700, 150, 128, 2, 4), 2, 150), WIDE, run(SGD, 2), 1),
        Arguments.of(SmallModel.decoder(BloomConfig.of(700, 150, 128, 2, 4), 2, 150), NARROW, run(LION, 2), 2),
        Arguments.of(SmallModel.encoder(bert, 3, 128), WIDE, run(ADAFACTOR, 2), 2),
        Arguments.of(SmallModel.encoder(bert, 3, 128), NARROW, run(AVERAGED, 4), 1),
        Arguments.of(SmallModel.decoder(llama, 2, 200).checkpointed(), WIDE, run(ADAMW, 2), 2),
        Arguments.of(SmallModel.encoder(bert, 3, 128).checkpointed(), NARROW, run(SGD, 2), 2),
        Arguments.of(SmallModel.t5(t5, 2, 190).checkpointed(), NARROW, run(ADAMW, 2), 2),
        Arguments.of(SmallModel.encoder(bert.withDropout(DropoutRates.of(0.1f)), 3, 128), WIDE, run(LION, 2), 1),
        Arguments.of(SmallModel.t5(t5, 2, 190), WIDE, run(ADAMW, 2), 2),
        Arguments.of(SmallModel.t5(t5.version11(), 2, 190), NARROW, run(ADAFACTOR, 2), 1));
  }

  @ParameterizedTest
  @MethodSource("runs")
  <B extends MicroBatch> void thePlanIsWhatTheRunHolds(SmallModel<B> small, Precision precision,
      RunOptions.Builder build, int threads) {
    RunOptions options = build.build();
    long planned = plan(small, precision, options, threads).total();
    long before = Memory.inUse();
    long[] held = new long[1];
    BatchSource<B> source = (step, virtualRank, accumulation) -> {
      if (step == 3) held[0] = Math.max(held[0], Memory.inUse() - before);
      return small.batches().batch(step, virtualRank, accumulation);
    };
    try (Kernels kernels = KernelLibraries.best(threads);
        TapedModel<B> model = small.created().make(kernels, precision)) {
      new TrainingLoop(model, kernels, new Alone(), source, options).run();
    }
    assertThat((double) planned / held[0]).isCloseTo(1, within(0.05));
  }

  private static <B extends MicroBatch> StepMemory plan(SmallModel<B> small, Precision precision, RunOptions options,
      int threads) {
    SizingKernels sizing = KernelLibraries.sizing(false, threads);
    try (TapedModel<B> model = small.planned().make(sizing.kernels(), precision)) {
      Memory.planned(() -> model.accumulate(small.batches().batch(1, 0, 0),
          Tensor.at(Long.BYTES, DType.FLOAT32, model.layout().size()), CounterRandom.of(0, "dropout")));
      return StepMemory.of(model.layout(), options, 1, sizing, model.peakActivationBytes());
    }
  }
}
