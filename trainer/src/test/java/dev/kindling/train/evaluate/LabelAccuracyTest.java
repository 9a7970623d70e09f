package dev.kindling.train.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.checkpoint.BertConfig;
import dev.kindling.checkpoint.EncoderTask;
import dev.kindling.train.collective.InProcess;
import dev.kindling.train.collective.Ranks;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.EncoderBatch;
import dev.kindling.train.model.EncoderModel;
import dev.kindling.train.objective.LabelledTexts;
import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Against counting text by text what the logits of each alone say. */
class LabelAccuracyTest {
  private static final BertConfig MODEL = BertConfig.of(23, 12, 16, 2, 2).forTask(EncoderTask.CLASSIFY,
      List.of("a", "b", "c"));
  private static final int TEXTS = 11;

  private static EncoderModel model(EncoderTask task, Kernels kernels) {
    return EncoderModel.create(MODEL.forTask(task, MODEL.labels()), kernels, Precision.FLOAT32, 5);
  }

  private static EncoderBatch batch(EncoderTask task, long from, int count) {
    List<int[]> texts = new ArrayList<>();
    int[] classes = new int[count];
    List<float[]> scores = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Random random = new Random(from + i);
      texts.add(random.ints(4, 1, 23).toArray());
      classes[i] = random.nextInt(3);
      scores.add(new float[]{random.nextInt(2), random.nextInt(2), 0});
    }
    LabelledTexts labelled = new LabelledTexts(0);
    return task == EncoderTask.CLASSIFY
        ? labelled.classes(texts, classes, new long[count])
        : labelled.scores(texts, scores, new long[count]);
  }

  private static long counted(EncoderTask task) {
    long right = 0;
    try (Kernels kernels = PlainKernels.of(1); EncoderModel model = model(task, kernels)) {
      for (int i = 0; i < TEXTS; i++) {
        EncoderBatch one = batch(task, i, 1);
        float[] z = model.logits(one);
        if (task == EncoderTask.CLASSIFY) {
          int best = z[0] >= z[1] && z[0] >= z[2] ? 0 : z[1] >= z[2] ? 1 : 2;
          if (best == one.targets()[0]) right++;
        } else {
          boolean all = true;
          for (int label = 0; label < 3; label++) all &= z[label] > 0 == (one.scores()[label] == 1);
          if (all) right++;
        }
      }
    }
    return right;
  }

  private static void measures(EncoderTask task) {
    long expected = counted(task);
    assertThat(expected).as("some, and not all").isBetween(1L, TEXTS - 1L);
    HeldOutRows<EncoderBatch> rows = new HeldOutRows<>() {
      @Override
      public long rows() {
        return TEXTS;
      }

      @Override
      public EncoderBatch batch(long from, int count) {
        return LabelAccuracyTest.batch(task, from, count);
      }
    };
    for (int world : new int[]{1, 3}) {
      var ranks = InProcess.ranks(world, 4);
      Ranks.run(world, rank -> {
        try (Kernels kernels = PlainKernels.of(1); EncoderModel model = model(task, kernels)) {
          LabelAccuracy.Right right = new LabelAccuracy(rows, 2).of(model, ranks.get(rank));
          assertThat(right).isEqualTo(new LabelAccuracy.Right(expected, TEXTS));
          assertThat(right.share()).isEqualTo((double) expected / TEXTS);
        }
      });
    }
  }

  @Test
  void aTextIsLabelledRightlyWhereItsClassHasTheGreatestLogit() {
    measures(EncoderTask.CLASSIFY);
  }

  @Test
  void whereAnyClassMayApplyAllMustBeRight() {
    measures(EncoderTask.CLASSIFY_MANY);
  }
}
