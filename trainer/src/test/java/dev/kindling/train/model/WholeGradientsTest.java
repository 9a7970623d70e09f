package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.ModelConfig;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a model says of its gradients while the way back goes on: ranks send them on its word. */
class WholeGradientsTest {
  private static final float[] NANS = {Float.NaN};

  /** @param from where all that follows was said to be whole; @param values of these elements at that moment */
  private record Word(int from, float[] values) {}

  static Stream<Arguments> everyFamily() {
    return Sample.families().stream().flatMap(c -> Stream.of(Arguments.of(c, false), Arguments.of(c, true)));
  }

  @ParameterizedTest
  @MethodSource("everyFamily")
  void aSumThatBeginsIsWrittenOverWhateverIsThere(ModelConfig config, boolean again) {
    for (TestKernels library : TestKernels.values()) {
      try (Kernels kernels = library.open(2); Sample<?> sample = Sample.of(config, kernels, Precision.FLOAT32)) {
        if (again) sample.model().checkpointActivations();
        begins(sample);
      }
    }
  }

  private static <B extends MicroBatch> void begins(Sample<B> sample) {
    ParameterLayout layout = sample.model().layout();
    float[] once = Computed.of(sample.model(), sample.batch()).gradients();
    float[] twice = Computed.of(sample.model(), sample.batch(), sample.batch()).gradients();
    try (Memory memory = Memory.allocate(layout.size() * Float.BYTES)) {
      Tensor gradients = Tensor.at(memory.address(), DType.FLOAT32, layout.size());
      for (Parameter p : layout.parameters()) for (long i = 0; i < p.size(); i++) p.in(gradients).put(i, NANS, 0, 1);
      sample.model().begin(sample.batch(), gradients, null,
          from -> assertThat(tail(gradients, from)).isEqualTo(Arrays.copyOfRange(once, (int) from, once.length)));
      assertThat(gradients.toFloats()).isEqualTo(once);
      sample.model().accumulate(sample.batch(), gradients);
      assertThat(gradients.toFloats()).isEqualTo(twice);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSumThatBeginsWithoutLabelsIsZero(TestKernels library) {
    try (Kernels kernels = library.open(1);
        Sample<?> sample = Sample.of(Gpt2Config.of(67, 24, 32, 1, 4), kernels, Precision.FLOAT32);
        Memory memory = Memory.allocate(sample.model().layout().size() * Float.BYTES)) {
      DecoderModel model = (DecoderModel) sample.model();
      Tensor gradients = Tensor.at(memory.address(), DType.FLOAT32, model.layout().size());
      model.accumulate(Samples.batch(67, 24, 3, 24), gradients);
      model.begin(Samples.unlabelled(new int[]{1, 2, 3}), gradients, null, from -> {});
      assertThat(gradients.toFloats()).containsOnly(0f);
    }
  }

  @ParameterizedTest
  @MethodSource("everyFamily")
  void whatIsSaidToBeWholeDoesNotChangeAnyMore(ModelConfig config, boolean again) {
    try (Kernels kernels = TestKernels.BEST.open(1);
        Sample<?> sample = Sample.of(config, kernels, Precision.FLOAT32)) {
      if (again) sample.model().checkpointActivations();
      for (int pass = 0; pass < 2; pass++) holds(sample);
    }
  }

  private static <B extends MicroBatch> void holds(Sample<B> sample) {
    long size = sample.model().layout().size();
    try (Memory memory = Memory.allocate(size * Float.BYTES)) {
      Tensor gradients = Tensor.at(memory.address(), DType.FLOAT32, size);
      gradients.put(0, new float[(int) size], 0, (int) size);
      List<Word> words = new ArrayList<>();
      sample.model().accumulate(sample.batch(), gradients, CounterRandom.of(5, "micro-batch"),
          from -> words.add(new Word((int) from, tail(gradients, from))));
      float[] last = gradients.toFloats();
      int before = (int) size;
      for (Word word : words) {
        assertThat(word.from).isLessThan(before);
        before = word.from;
        assertThat(word.values).isEqualTo(Arrays.copyOfRange(last, word.from, last.length));
      }
      assertThat(before).as("all is whole in the end").isZero();
      assertThat(words.size()).isGreaterThanOrEqualTo(2);
    }
  }

  private static float[] tail(Tensor gradients, long from) {
    float[] values = new float[(int) (gradients.size() - from)];
    gradients.get(from, values, 0, values.length);
    return values;
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void everyBlockIsWholeBeforeTheOneBelowBegins(boolean again) {
    int layers = 4;
    Gpt2Config config = Gpt2Config.of(67, 24, 32, layers, 4);
    try (Kernels kernels = TestKernels.BEST.open(1);
        Sample<?> sample = Sample.of(config, kernels, Precision.FLOAT32)) {
      if (again) sample.model().checkpointActivations();
      List<Long> words = words(sample);
      for (int layer = 1; layer < layers; layer++) {
        assertThat(words)
            .contains(sample.model().layout().parameter("transformer.h." + layer + ".ln_1.weight").offset());
      }
    }
  }

  private static <B extends MicroBatch> List<Long> words(Sample<B> sample) {
    long size = sample.model().layout().size();
    List<Long> words = new ArrayList<>();
    try (Memory memory = Memory.allocate(size * Float.BYTES)) {
      sample.model().accumulate(sample.batch(), Tensor.at(memory.address(), DType.FLOAT32, size), null, words::add);
    }
    return words;
  }
}
