package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.checkpoint.T5Config;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The eight steps of AdamW that {@link GoldenT5Test} compares, once more in double precision. How far the eighth loss of version 1.1
 * is from that, and the largest distance of a norm:
 *
 * <pre>
 *   epsilon              1e-8              1e-6              1e-5              1e-4
 *   Hugging Face    1.9e-5  1.3e-4
 *   plain Java      9.0e-5  8.5e-4    1.1e-6  1.2e-4    1.5e-6  1.6e-5    1.0e-6  1.1e-5
 *   oneDNN (AVX2)   1.5e-4  1.2e-3    3.6e-5  2.0e-4    2.7e-6  5.1e-5    6.2e-6  2.0e-5
 * </pre>
 *
 * So nothing is defined in another way: an epsilon of 1e-8 makes steps of the noise of gradients that are as small.
 */
@Tag("libtorch")
class LibtorchT5TrainingTest {
  private static final int STEPS = 8;

  /** Version 1.0 has no gradient that small; of the other the noise is taken away. */
  @ParameterizedTest
  @CsvSource({"t5-v1.0,1e-8,PLAIN", "t5-v1.0,1e-8,BEST", "t5-v1.1,1e-5,PLAIN", "t5-v1.1,1e-5,BEST"})
  void eightStepsOfAdamWAgreeWithDoublePrecision(String name, double epsilon, TestKernels library) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = library.open(2);
        T5Model model = golden.t5(golden.stored(), kernels, Precision.FLOAT32);
        Training<Seq2SeqBatch> training = new Training<>(kernels, model, epsilon)) {
      List<Training.Step> exact = exact(golden, model, epsilon);
      for (int step = 0; step < STEPS; step++) {
        Training.Step found = training.run(golden.pairs(), step == 0 ? 2 : 1);
        Agreement.FLOAT32.check("loss of step " + step, found.loss(), exact.get(step).loss());
        Agreement.FLOAT32.check("gradient norm of step " + step, found.gradientNorm(), exact.get(step).gradientNorm());
      }
    }
  }

  /** The golden path is float32's, too. */
  @ParameterizedTest
  @CsvSource({"t5-v1.0,1e-6", "t5-v1.1,1e-4"})
  void theGoldenLossesAreNearThoseOfDoublePrecision(String name, double distance) {
    try (GoldenCase golden = GoldenCase.of(name);
        Kernels kernels = TestKernels.PLAIN.open(1);
        T5Model model = golden.t5(golden.stored(), kernels, Precision.FLOAT32)) {
      List<Training.Step> exact = exact(golden, model, 1e-8);
      double[] losses = golden.training("loss");
      for (int step = 0; step < STEPS; step++) {
        assertThat(losses[step] / exact.get(step).loss()).as("loss of step %d", step).isCloseTo(1, within(distance));
      }
    }
  }

  private static List<Training.Step> exact(GoldenCase golden, T5Model model, double epsilon) {
    Seq2SeqBatch batch = golden.pairs();
    return TorchTraining.run(model.weightSource(),
        weights -> new TorchT5((T5Config) golden.stored(), weights).loss(batch), batch.labels(), STEPS, epsilon);
  }
}
