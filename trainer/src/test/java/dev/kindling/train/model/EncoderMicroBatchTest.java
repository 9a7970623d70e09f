package dev.kindling.train.model;

import static dev.kindling.train.model.EncoderSamples.TASKS;
import static dev.kindling.train.model.EncoderSamples.UNEQUAL;
import static dev.kindling.train.model.EncoderSamples.batch;
import static dev.kindling.train.model.EncoderSamples.encoder;
import static dev.kindling.train.model.EncoderSamples.pairs;
import static dev.kindling.train.model.EncoderSamples.rows;
import static dev.kindling.train.model.EncoderSamples.t5;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** How a micro-batch of encoders and T5 is cut does not matter, nor who computes it. */
class EncoderMicroBatchTest {
  /** The weights that AdamW leaves. */
  private static <B extends MicroBatch> float[] afterOneStep(Kernels kernels, TrainableModel<B> model, B batch) {
    try (Training<B> training = new Training<>(kernels, model)) {
      float[] before = model.weights().toFloats();
      training.run(batch);
      float[] after = model.weights().toFloats();
      assertThat(after).isNotEqualTo(before);
      return after;
    }
  }

  @ParameterizedTest
  @MethodSource("dev.kindling.train.model.EncoderSamples#everywhere")
  void anyNumberOfThreadsGivesTheSameBits(TestKernels library, Precision precision) {
    List<Computed> first = null;
    List<float[]> firstWeights = null;
    for (int threads = 1; threads <= 3; threads++) {
      List<Computed> found = new ArrayList<>();
      List<float[]> weights = new ArrayList<>();
      try (Kernels kernels = library.open(threads)) {
        for (EncoderTask task : TASKS) {
          try (EncoderModel model = encoder(task, kernels, precision)) {
            found.add(Computed.of(model, batch(task, 0, UNEQUAL)));
            weights.add(afterOneStep(kernels, model, batch(task, 0, UNEQUAL)));
          }
        }
        try (T5Model model = t5(kernels, precision)) {
          found.add(Computed.of(model, pairs(0, UNEQUAL)));
          weights.add(afterOneStep(kernels, model, pairs(0, UNEQUAL)));
        }
      }
      if (first == null) first = found;
      if (firstWeights == null) firstWeights = weights;
      for (int i = 0; i < found.size(); i++) {
        assertThat(found.get(i).loss()).isPositive();
        found.get(i).isExactly(first.get(i));
        assertThat(weights.get(i)).containsExactly(firstWeights.get(i));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void rowsTogetherAndOneByOneHaveTheSameLossAndGradients(TestKernels library) {
    try (Kernels kernels = library.open(2)) {
      for (EncoderTask task : TASKS) {
        try (EncoderModel model = encoder(task, kernels, Precision.FLOAT32)) {
          EncoderBatch batch = batch(task, 0, UNEQUAL);
          oneByOne(5, r -> Computed.of(model, rows(batch, r))).agreesWith(Computed.of(model, batch), model);
        }
      }
      try (T5Model model = t5(kernels, Precision.FLOAT32)) {
        Seq2SeqBatch batch = pairs(0, UNEQUAL);
        oneByOne(5, r -> Computed.of(model, rows(batch, r))).agreesWith(Computed.of(model, batch), model);
      }
    }
  }

  private static Computed oneByOne(int rows, IntFunction<Computed> row) {
    return Computed.sum(IntStream.range(0, rows).mapToObj(row).toList());
  }
}
