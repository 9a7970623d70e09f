package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.checkpoint.LlamaConfig;
import dev.kindling.checkpoint.LlamaFamily;
import dev.kindling.checkpoint.UserError;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What a model owes the loop, whatever is in a batch. */
class MicroBatchTest {
  private static final Gpt2Config CONFIG = Gpt2Config.of(67, 24, 32, 2, 4);
  private static final int[] UNEQUAL = {24, 1, 13, 24, 2, 7, 19, 24};

  private static DecoderModel model(Kernels kernels, Precision precision) {
    DecoderModel model = DecoderModel.create(CONFIG, kernels, precision, 1);
    Samples.randomise(model, 3);
    return model;
  }

  @ParameterizedTest
  @EnumSource
  void eightUnequalRowsTogetherAndOneByOneHaveTheSameLossAndGradients(TestKernels library) {
    try (Kernels kernels = library.open(2); DecoderModel model = model(kernels, Precision.FLOAT32)) {
      Batch batch = Samples.batch(67, 24, 3, UNEQUAL);
      Batch[] rows = new Batch[UNEQUAL.length];
      for (int i = 0; i < rows.length; i++) rows[i] = Samples.row(batch, i);
      Computed together = Computed.of(model, batch);
      Computed oneByOne = Computed.of(model, rows);
      together.agreesWith(oneByOne, model);
    }
  }

  @ParameterizedTest
  @CsvSource({"PLAIN, FLOAT32", "PLAIN, BFLOAT16", "BEST, FLOAT32", "BEST, BFLOAT16"})
  void anyNumberOfThreadsGivesTheSameBits(TestKernels library, Precision precision) {
    Computed[] found = new Computed[3];
    for (int threads = 1; threads <= 3; threads++) {
      try (Kernels kernels = library.open(threads); DecoderModel model = model(kernels, precision)) {
        found[threads - 1] = Computed.of(model, Samples.batch(67, 24, 3, UNEQUAL));
      }
    }
    for (Computed other : found) { other.isExactly(found[0]); }
  }

  @ParameterizedTest
  @CsvSource({"PLAIN, FLOAT32", "PLAIN, BFLOAT16", "BEST, FLOAT32", "BEST, BFLOAT16"})
  void theSameBatchGivesTheSameBitsAgain(TestKernels library, Precision precision) {
    try (Kernels kernels = library.open(2); DecoderModel model = model(kernels, precision)) {
      Batch batch = Samples.batch(67, 24, 3, UNEQUAL);
      Computed first = Computed.of(model, batch);
      model.logits(Samples.batch(67, 5, 0, 5));               // other shapes in the arena in between
      Computed second = Computed.of(model, batch);
      second.isExactly(first);
    }
  }

  @ParameterizedTest
  @CsvSource({"PLAIN, FLOAT32", "PLAIN, BFLOAT16", "BEST, FLOAT32", "BEST, BFLOAT16"})
  void aLaterTokenNeverChangesEarlierLogitsAndAlwaysItsOwn(TestKernels library, Precision precision) {
    try (Kernels kernels = library.open(2); DecoderModel model = model(kernels, precision)) {
      Batch batch = Samples.batch(67, 24, 0, 24, 24);
      float[] before = model.logits(batch);
      for (int changed : new int[]{0, 1, 11, 23}) {
        int[] inputs = batch.inputs().clone();
        inputs[changed] = (inputs[changed] + 1) % 67;
        float[] after = model.logits(new Batch(2, 24, inputs, batch.targets(), null, batch.sampleIds()));
        for (int t = 0; t < 48; t++) {
          float[] then = Arrays.copyOfRange(before, t * 67, t * 67 + 67);
          float[] now = Arrays.copyOfRange(after, t * 67, t * 67 + 67);
          boolean mustDiffer = t >= changed && t < 24;        // the second row sees none of the first
          assertThat(Arrays.equals(then, now)).as("logits at %d equal after a change at %d", t, changed)
              .isEqualTo(!mustDiffer);
        }
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"PLAIN, FLOAT32", "PLAIN, BFLOAT16", "BEST, FLOAT32", "BEST, BFLOAT16"})
  void whatStandsOnPaddingDoesNotMatter(TestKernels library, Precision precision) {
    try (Kernels kernels = library.open(2); DecoderModel model = model(kernels, precision)) {
      Batch batch = Samples.batch(67, 24, 3, UNEQUAL);
      int[] inputs = batch.inputs().clone();
      for (int i = 0; i < inputs.length; i++) if (i % 24 >= UNEQUAL[i / 24]) inputs[i] = -1;
      Computed expected = Computed.of(model, batch);
      Computed found = Computed.of(model,
          new Batch(batch.rows(), 24, inputs, batch.targets(), batch.lengths(), batch.sampleIds()));
      found.isExactly(expected);
    }
  }

  @ParameterizedTest
  @CsvSource({"PLAIN, FLOAT32", "PLAIN, BFLOAT16", "BEST, FLOAT32", "BEST, BFLOAT16"})
  void targetsOnPaddingDoNotCount(TestKernels library, Precision precision) {
    try (Kernels kernels = library.open(2); DecoderModel model = model(kernels, precision)) {
      Batch batch = Samples.batch(67, 24, 3, UNEQUAL);
      int[] targets = batch.targets().clone();
      for (int i = 0; i < targets.length; i++) {
        if (i % 24 >= UNEQUAL[i / 24]) targets[i] = i % 2 == 0 ? i % 67 : 1_000_000;    // a token, or none of any vocabulary
      }
      Batch other = new Batch(batch.rows(), 24, batch.inputs(), targets, batch.lengths(), batch.sampleIds());
      assertThat(other.labels()).isEqualTo(batch.labels());
      Computed.of(model, other).isExactly(Computed.of(model, batch));
      float[] losses = new float[targets.length];
      float[] expected = new float[targets.length];
      assertThat(model.losses(other, losses)).isEqualTo(model.losses(batch, expected));
      assertThat(losses).containsExactly(expected);
    }
  }

  @ParameterizedTest
  @CsvSource({"PLAIN, FLOAT32", "PLAIN, BFLOAT16", "BEST, FLOAT32", "BEST, BFLOAT16"})
  void aRowWithoutLabelsAddsNothing(TestKernels library, Precision precision) {
    try (Kernels kernels = library.open(2); DecoderModel model = model(kernels, precision)) {
      Batch good = Samples.batch(67, 24, 3, 24);
      int[] none = new int[24];
      Arrays.fill(none, Kernels.IGNORED);
      Batch silent = new Batch(1, 24, good.inputs(), none, null, new long[1]);
      Batch padding = new Batch(1, 24, good.inputs(), none, new int[]{0}, new long[1]);
      Computed alone = Computed.of(model, good);
      Computed beside = Computed.of(model, silent, good, padding);
      beside.isExactly(alone);
      assertThat(Computed.of(model, silent, padding).loss()).isZero();
      assertThat(Computed.of(model, silent, padding).gradients()).containsOnly(0f);
      float[] losses = new float[24];
      assertThat(model.losses(padding, losses)).isZero();
      assertThat(losses).containsOnly(0f);
    }
  }

  @ParameterizedTest
  @CsvSource({"PLAIN, FLOAT32", "PLAIN, BFLOAT16", "BEST, FLOAT32", "BEST, BFLOAT16"})
  void lossesOfEvaluationAreThoseOfTraining(TestKernels library, Precision precision) {
    try (Kernels kernels = library.open(2); DecoderModel model = model(kernels, precision)) {
      Batch batch = Samples.batch(67, 24, 3, UNEQUAL);
      float[] losses = new float[batch.targets().length];
      assertThat(model.losses(batch, losses)).isEqualTo(Computed.of(model, batch).loss());
      for (int i = 0; i < losses.length; i++) assertThat(losses[i] > 0).isEqualTo(batch.targets()[i] >= 0);
    }
  }

  /** So that the loop can tell of it. */
  @ParameterizedTest
  @EnumSource
  void theLossOfAMixtureThatDivergedIsNoNumber(TestKernels library) {
    LlamaConfig config = LlamaConfig.of(LlamaFamily.MIXTRAL, 67, 24, 32, 2, 4, 2, 48);
    for (String part : new String[]{"gate.weight", "embed_tokens.weight"}) {
      try (Kernels kernels = library.open(2);
          DecoderModel model = DecoderModel.create(config, kernels, Precision.FLOAT32, 1)) {
        Parameter first = model.layout().parameters().stream().filter(p -> p.name().endsWith(part)).findFirst()
            .orElseThrow();
        float[] none = new float[(int) first.size()];
        Arrays.fill(none, Float.NaN);
        first.in(model.weights()).put(0, none, 0, none.length);
        model.weightsChanged();
        assertThat(Computed.of(model, Samples.batch(67, 24, 3, UNEQUAL)).loss()).as(part).isNaN();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatDoesNotFitTheModelIsSaidInOneLine(TestKernels library) {
    try (Kernels kernels = library.open(1); DecoderModel model = model(kernels, Precision.FLOAT32)) {
      assertThatThrownBy(() -> model.logits(Samples.batch(67, 25, 0, 25))).isInstanceOf(UserError.class)
          .hasMessageContaining("25 tokens").hasMessageContaining("24 tokens (n_positions)");
      assertThatThrownBy(() -> model.logits(Samples.batch(500, 24, 0, 24))).isInstanceOf(UserError.class)
          .hasMessageContaining("vocabulary of 67");
      assertThatThrownBy(() -> model.newSequence(25)).isInstanceOf(UserError.class).hasMessageContaining("24");
    }
  }
}
