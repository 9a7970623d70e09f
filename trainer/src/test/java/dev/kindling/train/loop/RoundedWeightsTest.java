package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.BloomConfig;
import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.LlamaFamily;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.model.TapedModel;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Ranks compute with bf16 of the weights that others own: that may not show. */
class RoundedWeightsTest {
  static Stream<SmallModel<?>> models() {
    T5Config t5 = T5Config.of(300, 32, 8, 64, 2, 4);
    return Stream.of(SmallModel.decoder(Gpt2Config.of(211, 16, 48, 2, 4), 3, 16),
        SmallModel.decoder(LlamaConfig.of(LlamaFamily.LLAMA, 211, 16, 32, 2, 4, 2, 80), 2, 16),
        SmallModel.decoder(LlamaConfig.of(LlamaFamily.MIXTRAL, 211, 16, 32, 2, 4, 2, 64), 2, 16),
        SmallModel.decoder(BloomConfig.of(211, 16, 32, 2, 4), 2, 16),
        SmallModel.encoder(BertConfig.of(211, 16, 32, 2, 4), 2, 16), SmallModel.t5(t5, 2, 24),
        SmallModel.t5(t5.version11(), 2, 24));
  }

  /** A loss and the bits of its gradients. */
  private record Found(double loss, List<Float> gradients) {}

  private static <B extends MicroBatch> Found run(SmallModel<B> small, Kernels kernels, boolean held,
      boolean roundedBefore) {
    try (TapedModel<B> model = small.created().make(kernels, Precision.BFLOAT16);
        Memory memory = Memory.allocate(model.weights().bytes())) {
      if (roundedBefore) {
        int rounded = 0;
        for (Parameter p : model.layout().parameters()) {
          if (!model.isUsedRounded(p)) continue;
          rounded++;
          Tensor wide = p.in(model.weights());
          try (Memory half = Memory.allocate(wide.size() * Short.BYTES)) {
            Tensor narrow = Tensor.at(half.address(), DType.BFLOAT16, wide.size());
            kernels.convert(wide, narrow);
            float[] before = wide.toFloats();
            kernels.convert(narrow, wide);
            assertThat(wide.toFloats()).as(p.name()).isNotEqualTo(before);
          }
        }
        assertThat(rounded).isGreaterThan(4);
      }
      model.holdPacked(held);
      model.weightsChanged();
      Tensor gradients = Tensor.at(memory.address(), DType.FLOAT32, model.layout().size());
      gradients.put(0, new float[(int) gradients.size()], 0, (int) gradients.size());
      double loss = model.accumulate(small.batches().batch(1, 0, 0), gradients);
      return new Found(loss, floats(gradients));
    }
  }

  private static List<Float> floats(Tensor of) {
    List<Float> all = new ArrayList<>();
    for (float f : of.toFloats()) all.add(f);
    return all;
  }

  @ParameterizedTest
  @MethodSource("models")
  <B extends MicroBatch> void matricesThatWereRoundedBeforeGiveTheSameLossAndGradients(SmallModel<B> small) {
    try (Kernels best = KernelLibraries.best(1); Kernels plain = KernelLibraries.plain(1)) {
      for (Kernels kernels : List.of(best, plain)) {
        for (boolean held : new boolean[]{true, false}) {
          assertThat(run(small, kernels, held, true)).as("%s, held %s", kernels.describe(), held)
              .isEqualTo(run(small, kernels, held, false));
        }
      }
    }
  }
}
