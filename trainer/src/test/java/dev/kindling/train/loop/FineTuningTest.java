package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.checkpoint.T5Config;
import dev.kindling.train.collective.Alone;
import dev.kindling.train.collective.InProcess;
import dev.kindling.train.collective.Ranks;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.model.MicroBatch;
import dev.kindling.train.model.Seq2SeqBatch;
import dev.kindling.train.model.T5Model;
import dev.kindling.train.model.TrainableModel;
import dev.kindling.train.objective.LabelledTexts;
import dev.kindling.train.objective.SequenceToSequence;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The loop that trains decoders trains encoders and T5 on labels and pairs too. */
class FineTuningTest {
  private static final BertConfig PRETRAINED = BertConfig.of(23, 12, 16, 2, 2);
  private static final LabelledTexts LABELLED = new LabelledTexts(0);

  /** Four texts; the label is whether token 7 stands in it anywhere. */
  private static EncoderBatch texts(long step, int virtualRank) {
    Random random = new Random(step * 31 + virtualRank);
    List<int[]> texts = new ArrayList<>();
    int[] labels = new int[4];
    for (int r = 0; r < 4; r++) {
      int[] text = random.ints(3 + random.nextInt(8), 8, 23).toArray();
      labels[r] = random.nextInt(2);
      if (labels[r] == 1) text[random.nextInt(text.length)] = 7;
      texts.add(text);
    }
    return LABELLED.classes(texts, labels, new long[4]);
  }

  private static EncoderModel classifier(EncoderModel pretrained, Kernels kernels) {
    return EncoderModel.teach(EncoderTask.CLASSIFY, List.of("without", "with"), pretrained.config(),
        pretrained.weightSource(), kernels, Precision.FLOAT32, 5);
  }

  private static <B extends MicroBatch> double lastLoss(TrainableModel<B> model, Kernels kernels, BatchSource<B> data,
      int steps) {
    RunOptions options = RunOptions.of(steps, AdamW.Recipe.of(5e-3)).virtualRanks(2).build();
    List<Progress> told = new ArrayList<>();
    TrainingLoop loop = new TrainingLoop(model, kernels, new Alone(), data, options)
        .telling(new TrainingListener() {
          @Override
          public void progressed(Progress progress) {
            told.add(progress);
          }
        });
    loop.run();
    return told.get(told.size() - 1).loss();
  }

  @Test
  void aTrainedEncoderUnderAFreshHeadLearnsLabels() {
    try (Kernels kernels = PlainKernels.of(1);
        EncoderModel pretrained = EncoderModel.create(PRETRAINED, kernels, Precision.FLOAT32, 1);
        EncoderModel model = classifier(pretrained, kernels)) {
      EncoderBatch batch = texts(0, 0);
      assertThat(model.hidden(batch)).as("the encoder is the trained one").isEqualTo(pretrained.hidden(batch));
      assertThat(lastLoss(model, kernels, (step, v, a) -> texts(step, v), 150)).isLessThan(0.1);
      float[] logits = model.logits(texts(1000, 0));
      int[] labels = texts(1000, 0).targets();
      for (int r = 0; r < 4; r++) assertThat(logits[2 * r + 1] > logits[2 * r]).isEqualTo(labels[r] == 1);
    }
  }

  /** Also where the trained model has a head of the same name, of as many labels or of others. */
  @ParameterizedTest
  @CsvSource({"2, 2", "2, 3", "3, 2"})
  void aClassifierIsTaughtOtherLabelsUnderAFreshHead(int before, int after) {
    List<String> others = List.of("a", "b", "c").subList(0, after);
    BertConfig old = PRETRAINED.forTask(EncoderTask.CLASSIFY, List.of("x", "y", "z").subList(0, before));
    try (Kernels kernels = PlainKernels.of(1);
        EncoderModel trained = EncoderModel.create(old, kernels, Precision.FLOAT32, 1);
        EncoderModel fresh = EncoderModel.create(old.forTask(EncoderTask.CLASSIFY, others), kernels, Precision.FLOAT32,
            5);
        EncoderModel taught = EncoderModel.teach(EncoderTask.CLASSIFY, others, old, trained.weightSource(), kernels,
            Precision.FLOAT32, 5)) {
      String head = old.labelsMatrix() + ".weight";
      assertThat(taught.weightSource().read(head)).isEqualTo(fresh.weightSource().read(head))
          .isNotEqualTo(trained.weightSource().read(head));
      assertThat(taught.hidden(texts(0, 0))).as("the encoder is the trained one")
          .isEqualTo(trained.hidden(texts(0, 0)));
      assertThat(taught.logits(texts(0, 0))).hasSize(4 * after);
    }
  }

  @Test
  void oneRankAndThreeGiveTheSameBits() {
    float[][] ended = new float[4][];
    for (int world : new int[]{1, 3}) {
      RunOptions options = RunOptions.of(3, AdamW.Recipe.of(5e-3)).virtualRanks(4).build();
      var ranks = InProcess.ranks(world, 4);
      Ranks.run(world, rank -> {
        try (Kernels kernels = PlainKernels.of(1);
            EncoderModel pretrained = EncoderModel.create(PRETRAINED, kernels, Precision.FLOAT32, 1);
            EncoderModel model = classifier(pretrained, kernels)) {
          BatchSource<EncoderBatch> data = (step, v, a) -> texts(step, v);
          new TrainingLoop(model, kernels, ranks.get(rank), data, options).run();
          if (rank == 0) ended[world] = model.weights().toFloats();
        }
      });
    }
    assertThat(ended[3]).containsExactly(ended[1]);
  }

  /** Four sequences to be written backwards. */
  private static Seq2SeqBatch pairs(long step, int virtualRank) {
    Random random = new Random(step * 31 + virtualRank);
    List<int[]> inputs = new ArrayList<>();
    List<int[]> targets = new ArrayList<>();
    for (int r = 0; r < 4; r++) {
      int[] in = random.ints(3, 2, 9).toArray();
      inputs.add(in);
      targets.add(new int[]{in[2], in[1], in[0], 1});
    }
    return new SequenceToSequence(0, 0).batch(inputs, targets, new long[4]);
  }

  @Test
  void t5LearnsToWriteWhatItReadBackwards() {
    T5Config config = T5Config.of(9, 32, 16, 64, 1, 2).version11();
    try (Kernels kernels = PlainKernels.of(1); T5Model model = T5Model.create(config, kernels, Precision.FLOAT32, 3)) {
      assertThat(lastLoss(model, kernels, (step, v, a) -> pairs(step, v), 400)).isLessThan(0.2);
      Seq2SeqBatch unseen = pairs(100_000, 0);
      try (T5Model.Writing writing = model.write(Arrays.copyOf(unseen.inputs(), 3), 5)) {
        List<Integer> written = new ArrayList<>();
        int next = 0;
        for (int t = 0; t < 4; t++) {
          float[] logits = writing.append(next);
          next = IntStream.range(0, 9).boxed().max((a, b) -> Float.compare(logits[a], logits[b])).orElseThrow();
          written.add(next);
        }
        assertThat(written).containsExactly(unseen.targets()[0], unseen.targets()[1], unseen.targets()[2], 1);
      }
    }
  }
}
