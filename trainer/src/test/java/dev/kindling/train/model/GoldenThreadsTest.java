package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** How many threads compute a golden case does not show in a bit: not forward, not backward, not in what AdamW makes of it. */
class GoldenThreadsTest {
  private static final int STEPS = 3;

  private record Trained(List<Training.Step> steps, float[] weights) {
    static <B extends MicroBatch> Trained of(Sample<B> sample, Kernels kernels) {
      List<Training.Step> steps = new ArrayList<>();
      try (Training<B> training = new Training<>(kernels, sample.model())) {
        for (int step = 0; step < STEPS; step++) steps.add(training.run(sample.batch()));
      }
      return new Trained(steps, sample.model().weights().toFloats());
    }
  }

  @ParameterizedTest
  @MethodSource("dev.kindling.train.model.GoldenBfloat16Test#names")
  void oneAndTwoThreadsGiveTheSameBits(String name) {
    for (TestKernels library : TestKernels.values()) {
      for (Precision precision : Precision.values()) {
        Computed[] computed = new Computed[2];
        Trained[] trained = new Trained[2];
        for (int i = 0; i < 2; i++) {
          try (GoldenCase golden = GoldenCase.of(name);
              Kernels kernels = library.open(i + 1);
              Sample<?> sample = golden.sample(golden.stored(), kernels, precision)) {
            float[] start = sample.model().weights().toFloats();
            computed[i] = sample.computed(null);
            trained[i] = Trained.of(sample, kernels);
            assertThat(trained[i].weights()).isNotEqualTo(start);
          }
        }
        computed[1].isExactly(computed[0]);
        assertThat(trained[1].steps()).as("%s, %s", library, precision).isEqualTo(trained[0].steps());
        assertThat(trained[1].weights()).as("%s, %s", library, precision).containsExactly(trained[0].weights());
      }
    }
  }
}
