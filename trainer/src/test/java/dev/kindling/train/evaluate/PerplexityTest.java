package dev.kindling.train.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.checkpoint.Gpt2Config;
import dev.kindling.train.collective.InProcess;
import dev.kindling.train.collective.Ranks;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.LanguageModel;
import dev.kindling.train.tensor.Precision;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PerplexityTest {
  private static final int TIME = 5;
  private static final int ROWS = 11;

  /** Rows whose number of labels differs. */
  private static final HeldOutRows<Batch> HELD_OUT = new HeldOutRows<>() {
    @Override
    public long rows() {
      return ROWS;
    }

    @Override
    public Batch batch(long from, int count) {
      int[] inputs = new int[count * TIME];
      int[] targets = new int[count * TIME];
      for (int i = 0; i < count; i++) {
        Random random = new Random(from + i);
        for (int t = 0; t < TIME; t++) {
          inputs[i * TIME + t] = random.nextInt(17);
          targets[i * TIME + t] = t <= (from + i) % TIME ? random.nextInt(17) : Kernels.IGNORED;
        }
      }
      return new Batch(count, TIME, inputs, targets, null, new long[count]);
    }
  };

  private static double[] measure(int worldSize) {
    double[] losses = new double[worldSize];
    var ranks = InProcess.ranks(worldSize, 8);
    Ranks.run(worldSize, rank -> {
      try (Kernels kernels = PlainKernels.of(1); LanguageModel model = model(kernels)) {
        losses[rank] = new Perplexity<>(HELD_OUT, 2).meanLoss(model, ranks.get(rank));
      }
    });
    return losses;
  }

  /** One rank gives up after its first batch; all others measure to the end. */
  @Test
  void whatOneRankGivesUpIsNoFigureOnAnyOfThem() {
    for (int worldSize : new int[]{1, 3}) {
      var ranks = InProcess.ranks(worldSize, 8);
      Ranks.run(worldSize, rank -> {
        try (Kernels kernels = PlainKernels.of(1); LanguageModel model = model(kernels)) {
          List<Long> told = new ArrayList<>();
          OptionalDouble loss = new Perplexity<>(HELD_OUT, 2).of(model).meanLoss(ranks.get(rank), (done, all) -> {
            told.add(done);
            return rank != worldSize - 1;
          });
          assertThat(loss).isEmpty();
          assertThat(told).hasSize(rank == worldSize - 1 ? 1 : 2);
        }
      });
    }
  }

  private static LanguageModel model(Kernels kernels) {
    return DecoderModel.create(Gpt2Config.of(17, 8, 16, 1, 2), kernels, Precision.FLOAT32, 4);
  }

  @Test
  void everyLabelCountsOnceAndTheSameOnAnyNumberOfRanks() {
    double sum = 0;
    long labels = 0;
    try (Kernels kernels = PlainKernels.of(1); LanguageModel model = model(kernels)) {
      for (int row = 0; row < ROWS; row++) {
        Batch batch = HELD_OUT.batch(row, 1);
        float[] logits = model.logits(batch);
        for (int t = 0; t < TIME; t++) {
          if (batch.targets()[t] == Kernels.IGNORED) continue;
          double all = 0;
          for (int w = 0; w < 17; w++) all += Math.exp(logits[t * 17 + w]);
          sum += Math.log(all) - logits[t * 17 + batch.targets()[t]];
          labels++;
        }
      }
    }
    double alone = measure(1)[0];
    assertThat(alone).isCloseTo(sum / labels, within(1e-5));
    for (int worldSize : new int[]{2, 3, 8}) {
      assertThat(Arrays.stream(measure(worldSize)).distinct()).containsExactly(alone);
    }
  }
}
