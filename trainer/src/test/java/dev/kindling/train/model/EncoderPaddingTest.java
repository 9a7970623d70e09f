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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What fills rows up is as if it were absent, for encoders and T5. */
class EncoderPaddingTest {
  @ParameterizedTest
  @MethodSource("dev.kindling.train.model.EncoderSamples#everywhere")
  void whatStandsOnPaddingDoesNotMatter(TestKernels library, Precision precision) {
    try (Kernels kernels = library.open(2)) {
      for (EncoderTask task : TASKS) {
        try (EncoderModel model = encoder(task, kernels, precision)) {
          Computed expected = Computed.of(model, batch(task, 0, UNEQUAL));
          Computed.of(model, batch(task, 10_000, UNEQUAL)).isExactly(expected);
        }
      }
      try (T5Model model = t5(kernels, precision)) {
        Computed expected = Computed.of(model, pairs(0, UNEQUAL));
        Computed.of(model, pairs(-1, UNEQUAL)).isExactly(expected);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRowOfPaddingIsAsIfItWereAbsentAndGivesNoNaN(TestKernels library) {
    try (Kernels kernels = library.open(2)) {
      for (EncoderTask task : TASKS) {
        try (EncoderModel model = encoder(task, kernels, Precision.FLOAT32)) {
          EncoderBatch batch = batch(task, 0, 24, 0, 13);
          EncoderBatch without = rows(batch, 0, 2);
          assertThat(batch.labels()).isEqualTo(without.labels());
          Computed.of(model, batch).agreesWith(Computed.of(model, without), model);
          assertThat(Computed.of(model, rows(batch, 1)).loss()).isZero();
          assertThat(Computed.of(model, rows(batch, 1)).gradients()).containsOnly(0f);
          for (float logit : model.logits(rows(batch, 1))) assertThat(logit).isFinite();
        }
      }
      try (T5Model model = t5(kernels, Precision.FLOAT32)) {
        Seq2SeqBatch batch = pairs(0, 24, 0, 13);
        assertThat(batch.labels()).isEqualTo(10);
        Computed.of(model, batch).agreesWith(Computed.of(model, rows(batch, 0, 2)), model);
        assertThat(Computed.of(model, rows(batch, 1)).gradients()).containsOnly(0f);
        for (float logit : model.logits(rows(batch, 1))) assertThat(logit).isFinite();
      }
    }
  }
}
