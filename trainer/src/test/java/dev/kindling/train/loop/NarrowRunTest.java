package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.collective.Bfloat16Codec;
import dev.kindling.train.collective.EightBitCodec;
import dev.kindling.train.collective.Gradients;
import dev.kindling.train.collective.InProcess;
import dev.kindling.train.collective.Ranks;
import dev.kindling.train.collective.ThresholdCodec;
import dev.kindling.train.collective.TopKCodec;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.DecoderModel;
import dev.kindling.train.model.LanguageModel;
import dev.kindling.train.model.ParameterLayout;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.optim.AveragedWeights;
import dev.kindling.train.optim.Optimizer;
import dev.kindling.train.profile.Spans;
import dev.kindling.train.tensor.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs whose gradients go between ranks in fewer bytes. */
class NarrowRunTest {
  static Stream<Gradients> all() {
    return Stream.of(new Gradients.Coded(new Bfloat16Codec()), new Gradients.Coded(new EightBitCodec()),
        new Gradients.Coded(new ThresholdCodec(0.4)), new Gradients.Coded(new TopKCodec(0.1)),
        new Gradients.PowerSgd(1), new Gradients.Local(4, 0.7, 0.9));
  }

  private static RunOptions.Builder options(Gradients gradients) {
    return RunOptions.of(8, TinyRun.MUON).virtualRanks(5).seed(3).gradients(gradients).logEvery(1);
  }

  static Stream<Arguments> inBothPrecisions() {
    return all().flatMap(gradients -> Stream.of(Precision.values()).map(p -> Arguments.of(gradients, p)));
  }

  /** In bf16 weights come back in the memory of gradients, whose parameters here have gaps between them. */
  @ParameterizedTest
  @MethodSource("inBothPrecisions")
  void aStoppedRunThatGoesOnEqualsTheUndisturbedOneBitForBit(Gradients gradients, Precision precision,
      @TempDir Path folder) {
    for (int worldSize : new int[]{2, 3}) {
      Path own = folder.resolve("ranks" + worldSize);
      TinyRun.Ended whole = TinyRun.train(worldSize, options(gradients).build(), precision, 1, TinyRun.DATA, l -> l);
      for (int stop : new int[]{3, 6}) {       // local steps: neither is a meeting
        TinyRun.Stopped stopped = TinyRun.stopped(worldSize, options(gradients).stopAfter(stop).build(), precision,
            own);
        assertThat(stopped.step()).isEqualTo(stop);
      }
      Checkpoints checkpoints = TinyRun.in(own);
      TinyRun.Ended last = TinyRun.train(worldSize, options(gradients).build(), precision, 2, TinyRun.DATA,
          loop -> loop.saving(checkpoints));
      assertThat(last.weightsSha256()).isEqualTo(whole.weightsSha256());
      assertThat(last.result().history()).isEqualTo(whole.result().history());
    }
  }

  @ParameterizedTest
  @MethodSource("all")
  void anotherNumberOfRanksIsRefused(Gradients gradients, @TempDir Path folder) {
    TinyRun.stopped(2, options(gradients).stopAfter(4).build(), folder);
    assertThatThrownBy(() -> TinyRun.stopped(3, options(gradients).build(), folder)).isInstanceOf(UserError.class)
        .hasMessageContaining("started with 2 ranks and has 3").hasMessageContaining("cluster.ranks to 2");
  }

  @Test
  void anotherExchangeIsRefusedByItsName(@TempDir Path folder) {
    TinyRun.stopped(2, options(new Gradients.Exact()).stopAfter(2).build(), folder);
    assertThatThrownBy(() -> TinyRun.stopped(2, options(new Gradients.Coded(new EightBitCodec())).build(), folder))
        .isInstanceOf(UserError.class).hasMessageContaining("gradients is");
  }

  @ParameterizedTest
  @MethodSource("all")
  void itLearnsNearlyAsMuchAsTheExactRun(Gradients gradients) {
    RunOptions.Builder exact = learning(new Gradients.Exact());
    double[] losses = new double[2];
    int i = 0;
    for (RunOptions options : List.of(exact.build(), learning(gradients).build())) {
      List<LossPoint> history = TinyRun.train(2, options, Precision.FLOAT32, 1, (s, v, a) -> TinyRun.random(1, v, a),
          loop -> loop).result().history();
      losses[i++] = history.get(history.size() - 1).loss();
      assertThat(history.get(0).loss()).isGreaterThan(3);
    }
    assertThat(losses[0]).isLessThan(1.5);
    assertThat(losses[1]).isLessThan(2.2);
  }

  private static RunOptions.Builder learning(Gradients gradients) {
    return RunOptions.of(120, AdamW.Recipe.of(1e-2)).virtualRanks(4).seed(3).gradients(gradients).logEvery(10);
  }

  @Test
  void progressTellsTheBytesOfGradientsThatWereSent() {
    long exact = sent(new Gradients.Exact(), 8);
    assertThat(exact).isPositive();
    assertThat((double) exact / sent(new Gradients.Coded(new Bfloat16Codec()), 8)).isGreaterThanOrEqualTo(1.9);
    for (Gradients gradients : all().skip(1).toList()) {
      assertThat((double) exact / sent(gradients, 8)).as(gradients.toString()).isGreaterThanOrEqualTo(times(gradients));
    }
  }

  /** How many times fewer bytes, at the least. */
  private static double times(Gradients gradients) {
    if (gradients instanceof Gradients.Local local) return 2 * local.steps() - 0.1;
    // in so small a model half of what thin factors take are biases and norms, whole, as bf16
    return gradients instanceof Gradients.PowerSgd ? 6 : 3.9;
  }

  /** By two ranks, over a run. */
  private static long sent(Gradients gradients, long steps) {
    return bytes(gradients, steps).stream().mapToLong(Long::longValue).sum();
  }

  private static List<Long> bytes(Gradients gradients, long steps) {
    List<Long> bytes = new ArrayList<>();
    RunOptions options = RunOptions.of(steps, AdamW.Recipe.of(1e-2)).virtualRanks(2).gradients(gradients).logEvery(1)
        .build();
    TinyRun.train(2, options, Precision.FLOAT32, 1, TinyRun.DATA, loop -> loop.telling(new TrainingListener() {
      @Override
      public void progressed(Progress p) {
        bytes.add(p.gradientBytes());
      }
    }));
    assertThat(bytes).hasSize((int) steps);
    return bytes;
  }

  @Test
  void ranksThatLearnApartSendHowFarTheyCameInTheStepInWhichTheyMeet() {
    long all = TinyRun.train(1, options(new Gradients.Exact()).build()).weights().length * 2L;       // bf16, a half each way
    assertThat(bytes(new Gradients.Local(4, 0.7, 0.9), 6)).containsExactly(0L, 0L, 0L, all, 0L, all);
  }

  @Test
  void ranksThatLearnApartMeetInTheLastStepAndSoKeepTheirNumberOfSteps(@TempDir Path folder) {
    Gradients local = new Gradients.Local(4, 0.7, 0.9);
    TinyRun.stopped(2, options(local).stopAfter(3).build(), folder);
    RunOptions longer = RunOptions.of(9, TinyRun.MUON).virtualRanks(5).seed(3).gradients(local).build();
    assertThatThrownBy(() -> TinyRun.stopped(2, longer, folder)).isInstanceOf(UserError.class)
        .hasMessageContaining("steps is 9").hasMessageContaining("started with 8");
  }

  @ParameterizedTest
  @MethodSource("all")
  void aStepWithoutLabelsLosesNothingThatWasNotSentYet(Gradients gradients) {
    int size = TinyRun.train(1, options(gradients).stopAfter(1).build()).weights().length;
    float[] before = new float[size], after = new float[size];
    BatchSource<Batch> data = (step, v, a) -> step == 1 ? TinyRun.random(step, v, a) : withoutLabels();
    List<InProcess> ranks = InProcess.ranks(2, 5);
    Ranks.run(2, rank -> {
      try (Kernels kernels = PlainKernels.of(1);
          LanguageModel model = DecoderModel.create(TinyRun.CONFIG, kernels, Precision.FLOAT32, 1);
          TrainingStep step = new TrainingStep(new MicroBatches<>(model, data), kernels, ranks.get(rank),
              options(gradients).build(), new StepClock(Spans.NONE))) {
        step.run(1, StopRequest.NONE, new byte[0]);
        addResidual(step, model.layout(), before);
        step.run(2, StopRequest.NONE, new byte[0]);
        addResidual(step, model.layout(), after);
      }
    });
    assertThat(after).usingComparatorWithPrecision(1e-5f).containsExactly(before);
  }

  private static void addResidual(TrainingStep step, ParameterLayout layout, float[] to) {
    for (Optimizer.State s : step.states()) {
      if (!s.name().contains("residual/")) continue;
      long at = layout.parameter(s.name().substring(s.name().indexOf('/') + 1)).offset();
      float[] values = s.values().toFloats();
      synchronized (to) {
        for (int i = 0; i < values.length; i++) to[(int) at + i] += values[i];
      }
    }
  }

  private static Batch withoutLabels() {
    return new Batch(1, 2, new int[]{1, 2}, new int[]{Kernels.IGNORED, Kernels.IGNORED}, new int[]{2}, new long[1]);
  }

  @Test
  void ranksThatLearnApartKeepNoAverage() {
    RunOptions.Builder averaged = RunOptions.of(8, new AveragedWeights.Recipe(TinyRun.MUON, 0.9))
        .gradients(new Gradients.Local(4, 0.7, 0.9));
    assertThatThrownBy(averaged::build).isInstanceOf(UserError.class).hasMessageContaining("average is");
  }

  @Test
  void ranksThatMeetAtEveryStepAndTakeTheMeanAreOneRankOfTheirMean() {
    // one SGD step each from the same weights: the mean of the results is the step of the mean, but for 2⁻⁹ of a step as it is sent
    Gradients every = new Gradients.Local(1, 1, 0);
    RunOptions.Builder options = RunOptions.of(3, new dev.kindling.train.optim.Sgd.Recipe(0.1, 0, false, 0))
        .virtualRanks(2).clipNorm(0).gradients(every);
    BatchSourceOfEqualLabels data = new BatchSourceOfEqualLabels();
    float[] apart = TinyRun.train(2, options.build(), Precision.FLOAT32, 1, data::batch, l -> l).weights();
    float[] together = TinyRun.train(2, options.gradients(new Gradients.Exact()).build(), Precision.FLOAT32, 1,
        data::batch, l -> l).weights();
    assertThat(apart).usingComparatorWithPrecision(2e-4f).containsExactly(together);
  }

  /** So that the mean over ranks is the mean over labels. */
  private static final class BatchSourceOfEqualLabels {
    Batch batch(long step, int virtualRank, int accumulation) {
      int[] tokens = new int[12];
      int[] targets = new int[12];
      for (int i = 0; i < tokens.length; i++) {
        tokens[i] = (int) ((step * 7 + virtualRank * 5 + i * 3) % 41);
        targets[i] = (int) ((step * 11 + virtualRank * 13 + i) % 41);
      }
      return new Batch(1, 12, tokens, targets, new int[]{12}, new long[1]);
    }
  }
}
