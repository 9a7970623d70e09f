package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.train.collective.Alone;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.SizingKernels;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.optim.Adafactor;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.optim.AveragedWeights;
import dev.kindling.train.optim.Lion;
import dev.kindling.train.optim.OptimizerRecipe;
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
  static Stream<Arguments> runs() {
    return Stream.of(
        Arguments.of(Gpt2Config.of(2048, 128, 128, 2, 4), Precision.FLOAT32, 2, 8, 1, TinyRun.MUON),
        Arguments.of(Gpt2Config.of(2048, 128, 128, 2, 4), Precision.BFLOAT16, 2, 8, 1, TinyRun.MUON),
        Arguments.of(Gpt2Config.of(301, 64, 192, 5, 3), Precision.FLOAT32, 4, 1, 2, AdamW.Recipe.of(1e-3)),
        Arguments.of(Gpt2Config.of(20_011, 640, 64, 1, 2), Precision.BFLOAT16, 1, 2, 2, Adafactor.Recipe.of(1e-2, 0)),
        Arguments.of(Gpt2Config.of(500, 600, 96, 3, 3), Precision.FLOAT32, 1, 4, 2,
            new Lion.Recipe(1e-4, 0.9, 0.99, 0)),
        Arguments.of(Gpt2Config.of(61, 16, 512, 1, 8), Precision.BFLOAT16, 1, 5, 1,
            new AveragedWeights.Recipe(TinyRun.MUON, 0.9)));
  }

  private static Batch batch(int rows, int time) {
    return new Batch(rows, time, new int[rows * time], new int[rows * time], null, new long[rows]);
  }

  @ParameterizedTest
  @MethodSource("runs")
  void thePlanIsWhatTheRunHolds(Gpt2Config config, Precision precision, int microBatch, int virtualRanks, int threads,
      OptimizerRecipe recipe) {
    RunOptions options = RunOptions.of(3, recipe).virtualRanks(virtualRanks).microBatch(microBatch).build();
    int time = config.contextLength();
    long planned = plan(config, precision, options, threads, time).total();
    long before = Memory.inUse();
    long[] held = new long[1];
    BatchSource<Batch> source = (step, virtualRank, accumulation) -> {
      if (step == 3) held[0] = Math.max(held[0], Memory.inUse() - before);
      return batch(microBatch, time);
    };
    try (Kernels kernels = KernelLibraries.best(threads);
        DecoderModel model = DecoderModel.create(config, kernels, precision, 1)) {
      new TrainingLoop(model, kernels, new Alone(), source, options).run();
    }
    assertThat((double) planned / held[0]).isCloseTo(1, within(0.05));
  }

  private static StepMemory plan(Gpt2Config config, Precision precision, RunOptions options, int threads, int time) {
    SizingKernels sizing = KernelLibraries.sizing(false, threads);
    StepMemory[] plan = new StepMemory[1];
    try (DecoderModel model = DecoderModel.planned(config, sizing.kernels(), precision)) {
      Memory.planned(() -> {
        model.accumulate(batch(options.microBatch(), time),
            Tensor.at(Long.BYTES, DType.FLOAT32, model.layout().size()));
        plan[0] = StepMemory.of(model.layout(), options, 1, sizing, model.peakActivationBytes());
      });
    }
    return plan[0];
  }
}
