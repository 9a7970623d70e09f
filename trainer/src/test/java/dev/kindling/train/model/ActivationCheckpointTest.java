package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.checkpoint.DropoutRates;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Blocks that are computed again on the way back: nothing but memory tells of it. */
class ActivationCheckpointTest {
  private static final CounterRandom RANDOM = CounterRandom.of(5, "micro-batch");

  /** With dropout and without. */
  static Stream<ModelConfig> families() {
    return Sample.families().stream().flatMap(c -> Stream.of(c, c.withDropout(DropoutRates.of(0.2f))));
  }

  @ParameterizedTest
  @MethodSource("families")
  void lossAndGradientsHaveTheSameBits(ModelConfig config) {
    for (TestKernels library : TestKernels.values()) {
      for (Precision precision : Precision.values()) {
        for (int threads = 1; threads <= 2; threads++) {
          try (Kernels kernels = library.open(threads);
              Sample<?> all = Sample.of(config, kernels, precision);
              Sample<?> less = Sample.of(config, kernels, precision)) {
            less.model().checkpointActivations();
            less.computed(RANDOM).isExactly(all.computed(RANDOM));
            less.computed(RANDOM).isExactly(all.computed(RANDOM));       // the memory is another now
            assertThat(less.loss()).isEqualTo(all.loss()).isPositive();
            boolean several = !(config instanceof DecoderConfig decoder) || decoder.layers() > 1;
            if (several) {
              assertThat(less.model().peakActivationBytes()).isLessThan(all.model().peakActivationBytes());
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aLayerMoreKeepsItsInputAndNothingElse(Precision precision) {
    long[] peaks = new long[3];
    for (int i = 0; i < 3; i++) {
      Gpt2Config config = Gpt2Config.of(101, 128, 64, 2 + 3 * i, 4);
      try (Kernels kernels = TestKernels.BEST.open(1);
          DecoderModel model = DecoderModel.create(config, kernels, precision, 1)) {
        model.checkpointActivations();
        Computed.of(model, Samples.batch(101, 128, 0, 128, 128, 128, 128));
        peaks[i] = model.peakActivationBytes();
      }
    }
    long input = 4 * 128 * 64 * Float.BYTES;
    assertThat((double) (peaks[1] - peaks[0]) / 3).isBetween(input * 1.0, input + 128.0);
    assertThat(peaks[2] - peaks[1]).isEqualTo(peaks[1] - peaks[0]);
  }

  @ParameterizedTest
  @EnumSource
  void whatIsPlannedIsWhatIsTaken(Precision precision) {
    Gpt2Config config = Gpt2Config.of(101, 128, 64, 5, 4);
    Batch batch = Samples.batch(101, 128, 0, 128, 128);
    try (Kernels kernels = TestKernels.BEST.open(1);
        DecoderModel model = DecoderModel.create(config, kernels, precision, 1);
        DecoderModel planned = DecoderModel.planned(config, KernelLibraries.sizing(false, 1).kernels(), precision)) {
      model.checkpointActivations();
      planned.checkpointActivations();
      Computed.of(model, batch);
      Tensor nowhere = Tensor.at(Long.BYTES, DType.FLOAT32, model.layout().size());
      Memory.planned(() -> planned.accumulate(batch, nowhere));
      assertThat(planned.peakActivationBytes()).isEqualTo(model.peakActivationBytes());
    }
  }
}
