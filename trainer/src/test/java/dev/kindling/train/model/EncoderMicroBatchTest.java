package dev.kindling.train.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.checkpoint.UserError;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.tensor.CounterRandom;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import dev.kindling.train.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What encoders and T5 owe the loop, whatever is in a batch. */
class EncoderMicroBatchTest {
  private static final BertConfig BERT = BertConfig.of(67, 24, 32, 2, 4);
  private static final T5Config T5 = T5Config.of(67, 32, 8, 48, 2, 4).version11();
  private static final int TIME = 24;
  private static final int LABELS = 3;
  private static final int[] UNEQUAL = {24, 1, 13, 2, 19};
  private static final List<EncoderTask> TASKS = Arrays.stream(EncoderTask.values())
      .filter(t -> t != EncoderTask.ENCODE).toList();

  private record Computed(double loss, float[] gradients) {}

  static Stream<Arguments> everywhere() {
    List<Arguments> all = new ArrayList<>();
    for (TestKernels library : TestKernels.values()) {
      for (Precision precision : Precision.values()) all.add(Arguments.of(library, precision));
    }
    return all.stream();
  }

  private static <B extends MicroBatch> Computed computed(TrainableModel<B> model, B batch) {
    try (Memory memory = Memory.allocate(model.layout().size() * Float.BYTES)) {
      Tensor gradients = Tensor.at(memory.address(), DType.FLOAT32, model.layout().size());
      double loss = model.accumulate(batch, gradients);
      return new Computed(loss, gradients.toFloats());
    }
  }

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

  private static EncoderModel encoder(EncoderTask task, Kernels kernels, Precision precision) {
    List<String> labels = task.hasLabels() ? List.of("a", "b", "c") : List.of();
    EncoderModel model = EncoderModel.create(BERT.forTask(task, labels), kernels, precision, 1);
    Samples.randomise(model, 3);
    return model;
  }

  private static T5Model t5(Kernels kernels, Precision precision) {
    T5Model model = T5Model.create(T5, kernels, precision, 1);
    Samples.randomise(model, 3);
    return model;
  }

  private static int[] random(String stream, int count, int below) {
    CounterRandom random = CounterRandom.of(5, stream);
    return IntStream.range(0, count).map(i -> (int) (random.uniform(i) * below)).toArray();
  }

  /** @param lengths of the rows; @param padding what stands behind them */
  private static EncoderBatch batch(EncoderTask task, int padding, int... lengths) {
    int positions = lengths.length * TIME;
    int[] inputs = random("tokens", positions, 67);
    for (int i = 0; i < positions; i++) if (i % TIME >= lengths[i / TIME]) inputs[i] = padding;
    int[] targets = switch (task) {
      case MASKED_WORDS -> random("words", positions, 67);
      case CLASSIFY_TOKENS -> random("labels", positions, LABELS);
      case CLASSIFY -> random("labels", lengths.length, LABELS);
      default -> null;
    };
    for (int i = 0; targets != null && targets.length == positions && i < positions; i += 3) targets[i] = -100;
    float[] scores = null;
    if (targets == null) {
      int[] zeroOrOne = random("scores", lengths.length * LABELS, 2);
      scores = new float[zeroOrOne.length];
      for (int i = 0; i < scores.length; i++) scores[i] = zeroOrOne[i];
    }
    return new EncoderBatch(lengths.length, TIME, inputs, random("types", positions, 2), lengths, targets, scores,
        new long[lengths.length]);
  }

  private static Seq2SeqBatch pairs(int padding, int... lengths) {
    int[] inputs = random("tokens", lengths.length * TIME, 67);
    for (int i = 0; i < inputs.length; i++) if (i % TIME >= lengths[i / TIME]) inputs[i] = padding;
    int[] targets = random("targets", lengths.length * 7, 67);
    for (int i = 5; i < targets.length; i += 7) targets[i] = targets[i + 1] = -100;
    int[] read = random("read", targets.length, 67);
    return new Seq2SeqBatch(lengths.length, TIME, inputs, lengths, 7, read, targets, new long[lengths.length]);
  }

  /** The rows of a batch by themselves. */
  private static EncoderBatch rows(EncoderBatch all, int... which) {
    int each = all.targets() == null ? 0 : all.targets().length / all.rows();
    return new EncoderBatch(which.length, TIME, pick(all.inputs(), TIME, which), pick(all.tokenTypes(), TIME, which),
        pick(all.lengths(), 1, which), all.targets() == null ? null : pick(all.targets(), each, which),
        all.scores() == null ? null : pick(all.scores(), LABELS, which), new long[which.length]);
  }

  private static Seq2SeqBatch rows(Seq2SeqBatch all, int... which) {
    return new Seq2SeqBatch(which.length, TIME, pick(all.inputs(), TIME, which), pick(all.lengths(), 1, which), 7,
        pick(all.decoderInputs(), 7, which), pick(all.targets(), 7, which), new long[which.length]);
  }

  private static int[] pick(int[] all, int each, int... rows) {
    return Arrays.stream(rows).flatMap(r -> Arrays.stream(all, r * each, (r + 1) * each)).toArray();
  }

  private static float[] pick(float[] all, int each, int... rows) {
    float[] some = new float[rows.length * each];
    for (int i = 0; i < rows.length; i++) System.arraycopy(all, rows[i] * each, some, i * each, each);
    return some;
  }

  private static void agree(TrainableModel<?> model, Computed found, Computed expected) {
    Agreement.FLOAT32.check("loss", found.loss, expected.loss);
    for (Parameter p : model.layout().parameters()) {
      Agreement.FLOAT32.check(p.name(), part(p, found.gradients), part(p, expected.gradients),
          Agreement.largest(expected.gradients));
    }
  }

  private static float[] part(Parameter p, float[] flat) {
    return Arrays.copyOfRange(flat, (int) p.offset(), (int) (p.offset() + p.size()));
  }

  private static Computed sum(List<Computed> all) {
    float[] gradients = new float[all.get(0).gradients.length];
    for (Computed one : all) for (int i = 0; i < gradients.length; i++) gradients[i] += one.gradients[i];
    return new Computed(all.stream().mapToDouble(Computed::loss).sum(), gradients);
  }

  @ParameterizedTest
  @MethodSource("everywhere")
  void anyNumberOfThreadsGivesTheSameBits(TestKernels library, Precision precision) {
    List<Computed> first = null;
    List<float[]> firstWeights = null;
    for (int threads = 1; threads <= 3; threads++) {
      List<Computed> found = new ArrayList<>();
      List<float[]> weights = new ArrayList<>();
      try (Kernels kernels = library.open(threads)) {
        for (EncoderTask task : TASKS) {
          try (EncoderModel model = encoder(task, kernels, precision)) {
            found.add(computed(model, batch(task, 0, UNEQUAL)));
            weights.add(afterOneStep(kernels, model, batch(task, 0, UNEQUAL)));
          }
        }
        try (T5Model model = t5(kernels, precision)) {
          found.add(computed(model, pairs(0, UNEQUAL)));
          weights.add(afterOneStep(kernels, model, pairs(0, UNEQUAL)));
        }
      }
      if (first == null) first = found;
      if (firstWeights == null) firstWeights = weights;
      for (int i = 0; i < found.size(); i++) {
        assertThat(found.get(i).loss).isEqualTo(first.get(i).loss).isPositive();
        assertThat(found.get(i).gradients).containsExactly(first.get(i).gradients);
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
          agree(model, sum(IntStream.range(0, 5).mapToObj(r -> computed(model, rows(batch, r))).toList()),
              computed(model, batch));
        }
      }
      try (T5Model model = t5(kernels, Precision.FLOAT32)) {
        Seq2SeqBatch batch = pairs(0, UNEQUAL);
        agree(model, sum(IntStream.range(0, 5).mapToObj(r -> computed(model, rows(batch, r))).toList()),
            computed(model, batch));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("everywhere")
  void whatStandsOnPaddingDoesNotMatter(TestKernels library, Precision precision) {
    try (Kernels kernels = library.open(2)) {
      for (EncoderTask task : TASKS) {
        try (EncoderModel model = encoder(task, kernels, precision)) {
          Computed expected = computed(model, batch(task, 0, UNEQUAL));
          assertThat(computed(model, batch(task, 10_000, UNEQUAL)).loss).isEqualTo(expected.loss);
          assertThat(computed(model, batch(task, 10_000, UNEQUAL)).gradients).containsExactly(expected.gradients);
        }
      }
      try (T5Model model = t5(kernels, precision)) {
        Computed expected = computed(model, pairs(0, UNEQUAL));
        assertThat(computed(model, pairs(-1, UNEQUAL)).loss).isEqualTo(expected.loss);
        assertThat(computed(model, pairs(-1, UNEQUAL)).gradients).containsExactly(expected.gradients);
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
          agree(model, computed(model, batch), computed(model, without));
          assertThat(computed(model, rows(batch, 1)).loss).isZero();
          assertThat(computed(model, rows(batch, 1)).gradients).containsOnly(0f);
          for (float logit : model.logits(rows(batch, 1))) assertThat(logit).isFinite();
        }
      }
      try (T5Model model = t5(kernels, Precision.FLOAT32)) {
        Seq2SeqBatch batch = pairs(0, 24, 0, 13);
        assertThat(batch.labels()).isEqualTo(10);
        agree(model, computed(model, batch), computed(model, rows(batch, 0, 2)));
        assertThat(computed(model, rows(batch, 1)).gradients).containsOnly(0f);
        for (float logit : model.logits(rows(batch, 1))) assertThat(logit).isFinite();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void embeddingsAreTheMeanOrTheFirstOfTheHiddenStatesThatAreNoPadding(TestKernels library) {
    try (Kernels kernels = library.open(2);
        EncoderModel model = encoder(EncoderTask.ENCODE, kernels, Precision.FLOAT32)) {
      int[] lengths = {24, 0, 5};
      EncoderBatch batch = EncoderBatch.unlabelled(3, TIME, random("tokens", 3 * TIME, 67), lengths);
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
      assertThatThrownBy(() -> words.hidden(EncoderBatch.unlabelled(1, 25, new int[25], null)))
          .isInstanceOf(UserError.class).hasMessageContaining("25 tokens").hasMessageContaining("24 tokens");
      assertThatThrownBy(() -> words.hidden(EncoderBatch.unlabelled(1, 1, new int[]{67}, null)))
          .isInstanceOf(UserError.class).hasMessageContaining("token 67 is outside the model's vocabulary of 67");
      assertThatThrownBy(() -> bare.logits(EncoderBatch.unlabelled(1, 1, new int[1], null)))
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
