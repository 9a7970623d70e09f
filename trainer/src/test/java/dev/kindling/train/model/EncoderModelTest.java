package dev.kindling.train.model;

import static dev.kindling.train.model.EncoderSamples.TIME;
import static dev.kindling.train.model.EncoderSamples.batch;
import static dev.kindling.train.model.EncoderSamples.encoder;
import static dev.kindling.train.model.EncoderSamples.pairs;
import static dev.kindling.train.model.EncoderSamples.random;
import static dev.kindling.train.model.EncoderSamples.t5;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.UserError;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.Precision;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What encoders and T5 tell of texts, of themselves, and of mistakes. */
class EncoderModelTest {
  @ParameterizedTest
  @EnumSource
  void embeddingsAreTheMeanOrTheFirstOfTheHiddenStatesThatAreNoPadding(TestKernels library) {
    try (Kernels kernels = library.open(2);
        EncoderModel model = encoder(EncoderTask.ENCODE, kernels, Precision.FLOAT32)) {
      int[] lengths = {24, 0, 5};
      EncoderBatch batch = EncoderBatch.unlabelled(3, TIME, random("tokens", 3 * TIME, 67), null, lengths);
      float[] hidden = model.hidden(batch);
      float[] means = model.embed(batch, Pooling.MEAN);
      float[] firsts = model.embed(batch, Pooling.FIRST);
      for (int row = 0; row < 3; row++) {
        for (int i = 0; i < 32; i++) {
          double sum = 0;
          for (int t = 0; t < lengths[row]; t++) sum += hidden[(row * TIME + t) * 32 + i];
          float mean = lengths[row] == 0 ? 0 : (float) (sum / lengths[row]);
          assertThat(means[row * 32 + i]).isCloseTo(mean, org.assertj.core.api.Assertions.within(1e-6f));
          assertThat(firsts[row * 32 + i]).isEqualTo(row == 1 ? 0 : hidden[row * TIME * 32 + i]);
        }
      }
    }
  }

  /** Masked attention sees both ways, the decoder only what was before. */
  @Test
  void aTokenOfATextChangesAllOfItAndATokenOfTheOutputOnlyWhatComesAfter() {
    try (Kernels kernels = TestKernels.BEST.open(2); T5Model model = t5(kernels, Precision.FLOAT32)) {
      Seq2SeqBatch batch = pairs(0, 24, 24);
      float[] before = model.logits(batch);
      int[] read = batch.decoderInputs().clone();
      read[3] = (read[3] + 1) % 67;
      float[] after = model.logits(new Seq2SeqBatch(2, TIME, batch.inputs(), batch.lengths(), 7, read, batch.targets(),
          new long[2]));
      int[] inputs = batch.inputs().clone();
      inputs[23] = (inputs[23] + 1) % 67;
      float[] other = model.logits(new Seq2SeqBatch(2, TIME, inputs, batch.lengths(), 7, batch.decoderInputs(),
          batch.targets(), new long[2]));
      for (int t = 0; t < 14; t++) {
        float[] then = Arrays.copyOfRange(before, t * 67, t * 67 + 67);
        assertThat(Arrays.equals(then, Arrays.copyOfRange(after, t * 67, t * 67 + 67))).isEqualTo(t < 3 || t > 6);
        assertThat(Arrays.equals(then, Arrays.copyOfRange(other, t * 67, t * 67 + 67))).isEqualTo(t > 6);
      }
    }
  }

  /** What a batch teaches is the sum over its labels: of those that others lack nothing is left over. */
  @ParameterizedTest
  @EnumSource
  void tokensWithoutALabelTeachNothing(TestKernels library) {
    try (Kernels kernels = library.open(2);
        EncoderModel model = encoder(EncoderTask.CLASSIFY_TOKENS, kernels, Precision.FLOAT32)) {
      EncoderBatch all = batch(EncoderTask.CLASSIFY_TOKENS, 0, 24, 13);
      EncoderBatch even = labelled(all, 0, 2), odd = labelled(all, 1, 2);
      assertThat(even.labels() + odd.labels()).isEqualTo(all.labels()).isGreaterThan(even.labels());
      Computed.of(model, all).agreesWith(Computed.sum(List.of(Computed.of(model, even), Computed.of(model, odd))),
          model);
      assertThat(Computed.of(model, labelled(all, 5, 5)).gradients()).containsOnly(0f);
    }
  }

  /** The same with labels only on the positions that leave a remainder. */
  private static EncoderBatch labelled(EncoderBatch batch, int remainder, int divisor) {
    int[] targets = batch.targets().clone();
    for (int i = 0; i < targets.length; i++) if (i % divisor != remainder) targets[i] = -100;
    return new EncoderBatch(batch.rows(), batch.time(), batch.inputs(), batch.tokenTypes(), batch.lengths(), targets,
        null, batch.sampleIds());
  }

  /** Optimizers treat tables and heads apart from the matrices between hidden states. */
  @Test
  void tablesAndHeadsAreNoHiddenMatrices() {
    try (Kernels kernels = TestKernels.PLAIN.open(1);
        EncoderModel labels = encoder(EncoderTask.CLASSIFY, kernels, Precision.FLOAT32);
        T5Model t5 = t5(kernels, Precision.FLOAT32)) {
      assertThat(matrices(labels, Parameter.Role.EMBEDDING)).containsExactlyInAnyOrder(
          "bert.embeddings.word_embeddings.weight", "bert.embeddings.position_embeddings.weight",
          "bert.embeddings.token_type_embeddings.weight", "classifier.weight");
      assertThat(matrices(labels, Parameter.Role.HIDDEN_MATRIX)).hasSize(2 * 6 + 1)
          .contains("bert.pooler.dense.weight");
      assertThat(matrices(t5, Parameter.Role.EMBEDDING)).containsExactlyInAnyOrder("shared.weight", "lm_head.weight",
          "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
          "decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
    }
  }

  private static List<String> matrices(TrainableModel<?> model, Parameter.Role role) {
    return model.layout().parameters().stream().filter(p -> p.role() == role).map(Parameter::name).toList();
  }

  @Test
  void whatDoesNotFitTheModelIsSaidInOneLine() {
    try (Kernels kernels = TestKernels.PLAIN.open(1);
        EncoderModel words = encoder(EncoderTask.MASKED_WORDS, kernels, Precision.FLOAT32);
        EncoderModel bare = encoder(EncoderTask.ENCODE, kernels, Precision.FLOAT32);
        T5Model t5 = t5(kernels, Precision.FLOAT32)) {
      assertThatThrownBy(() -> words.hidden(EncoderBatch.unlabelled(1, 25, new int[25], null, null)))
          .isInstanceOf(UserError.class).hasMessageContaining("25 tokens").hasMessageContaining("24 tokens");
      assertThatThrownBy(() -> words.hidden(EncoderBatch.unlabelled(1, 1, new int[]{67}, null, null)))
          .isInstanceOf(UserError.class).hasMessageContaining("token 67 is outside the model's vocabulary of 67");
      assertThatThrownBy(() -> bare.logits(EncoderBatch.unlabelled(1, 1, new int[1], null, null)))
          .isInstanceOf(UserError.class).hasMessageContaining("no head");
      assertThatThrownBy(() -> t5.write(new int[]{3, 70}, 5)).isInstanceOf(UserError.class)
          .hasMessageContaining("vocabulary of 67");
    }
  }

  @ParameterizedTest
  @EnumSource(value = EncoderTask.class, mode = EnumSource.Mode.INCLUDE, names = {"MASKED_WORDS", "CLASSIFY_TOKENS"})
  void targetsOfTextsAreNotTakenForThoseOfTokens(EncoderTask task) {
    try (Kernels kernels = TestKernels.PLAIN.open(1); EncoderModel model = encoder(task, kernels, Precision.FLOAT32)) {
      for (EncoderTask other : List.of(EncoderTask.CLASSIFY, EncoderTask.CLASSIFY_MANY)) {
        assertThatThrownBy(() -> model.loss(batch(other, 0, 24, 5))).isInstanceOf(IllegalArgumentException.class)
            .hasMessage("a target for each token is needed");
      }
    }
  }
}
