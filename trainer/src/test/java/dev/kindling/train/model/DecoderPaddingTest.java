package dev.kindling.train.model;

import dev.kindling.checkpoint.DecoderConfig;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Padding has no part in what a decoder of any family learns. */
class DecoderPaddingTest {
  private static final int VOCABULARY = 67;
  private static final int TIME = 12;
  private static final int[] UNEQUAL = {12, 1, 7};

  static List<DecoderConfig> families() {
    return DecoderInfluenceTest.families();
  }

  private static DecoderModel model(DecoderConfig config, Kernels kernels) {
    DecoderModel model = DecoderModel.create(config, kernels, Precision.FLOAT32, 1);
    Samples.randomise(model, 3);
    return model;
  }

  @ParameterizedTest
  @MethodSource("families")
  void whatStandsOnPaddingDoesNotMatter(DecoderConfig config) {
    try (Kernels kernels = TestKernels.BEST.open(2); DecoderModel model = model(config, kernels)) {
      Batch batch = Samples.batch(VOCABULARY, TIME, 3, UNEQUAL);
      int[] inputs = batch.inputs().clone();
      for (int i = 0; i < inputs.length; i++) if (i % TIME >= UNEQUAL[i / TIME]) inputs[i] = -1;
      Computed expected = Computed.of(model, batch);
      Computed found = Computed.of(model,
          new Batch(batch.rows(), TIME, inputs, batch.targets(), batch.lengths(), batch.sampleIds()));
      found.isExactly(expected);
    }
  }

  @ParameterizedTest
  @MethodSource("families")
  void aRowThatIsAllPaddingIsAsIfItWereAbsent(DecoderConfig config) {
    try (Kernels kernels = TestKernels.BEST.open(1); DecoderModel model = model(config, kernels)) {
      Batch good = Samples.batch(VOCABULARY, TIME, 3, UNEQUAL);
      int[] inputs = Arrays.copyOf(good.inputs(), 4 * TIME);
      int[] targets = Arrays.copyOf(good.targets(), 4 * TIME);
      Arrays.fill(targets, 3 * TIME, 4 * TIME, Kernels.IGNORED);
      Computed alone = Computed.of(model, good);
      Computed beside = Computed.of(model, new Batch(4, TIME, inputs, targets, new int[]{12, 1, 7, 0}, new long[4]));
      beside.agreesWith(alone, model);
    }
  }

  /** Micro-batches of any cut add up to the same loss and gradients: but for routers, whose losses are means of one. */
  @ParameterizedTest
  @MethodSource("families")
  void rowsTogetherAndOneByOneHaveTheSameLabelLosses(DecoderConfig config) {
    try (Kernels kernels = TestKernels.BEST.open(1); DecoderModel model = model(config, kernels)) {
      Batch batch = Samples.batch(VOCABULARY, TIME, 3, UNEQUAL);
      double sum = 0;
      for (int row = 0; row < UNEQUAL.length; row++) { sum += model.losses(Samples.row(batch, row), new float[TIME]); }
      Agreement.FLOAT32.check("loss", sum, model.losses(batch, new float[3 * TIME]));
    }
  }
}
