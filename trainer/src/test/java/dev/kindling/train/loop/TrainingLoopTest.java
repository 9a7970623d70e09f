package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.checkpoint.UserError;
import dev.kindling.train.collective.Alone;
import dev.kindling.train.collective.InProcess;
import dev.kindling.train.collective.Ranks;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.model.Batch;
import dev.kindling.train.model.Parameter;
import dev.kindling.train.optim.AdamW;
import dev.kindling.train.optim.CosineSchedule;
import dev.kindling.train.optim.Muon;
import dev.kindling.train.optim.Sgd;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Precision;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TrainingLoopTest {
  private static RunOptions.Builder options(long steps) {
    return RunOptions.of(steps, AdamW.Recipe.of(1e-3)).virtualRanks(4);
  }

  private static TinyRun.Ended train(int worldSize, RunOptions options, BatchSource<Batch> data,
      java.util.function.UnaryOperator<TrainingLoop> more) {
    return TinyRun.train(worldSize, options, Precision.FLOAT32, 1, data, more);
  }

  @Test
  void lossFallsWhenABatchIsSeenAgainAndAgain() {
    TinyRun.Ended ended = train(2, options(60).logEvery(1).build(), (s, v, a) -> TinyRun.random(1, v, a), l -> l);
    List<LossPoint> history = ended.result().history();
    assertThat(history).hasSize(60);
    assertThat(history.get(0).loss()).isCloseTo(Math.log(41), within(0.1));
    assertThat(history.get(59).loss()).isLessThan(history.get(0).loss() - 0.5);
  }

  @Test
  void aLossThatIsNotFiniteEndsTheRunAndNamesStepAndRank() {
    // a weight so large that the loss of two labels leaves float32's range
    BatchSource<Batch> data = (step, v, a) -> {
      int labels = step == 3 && v == 2 ? 2 : 1;
      return new Batch(1, labels, new int[labels], new int[labels], null, new long[1]);
    };
    RunOptions options = RunOptions.of(9, Sgd.Recipe.plain(1)).virtualRanks(4).build();
    List<InProcess> ranks = InProcess.ranks(2, 4);
    assertThatThrownBy(() -> Ranks.run(2, rank -> {
      try (Kernels kernels = PlainKernels.of(1); SlopeModel model = new SlopeModel(3e38f, Parameter.Role.VECTOR)) {
        new TrainingLoop(model, kernels, ranks.get(rank), data, options).run();
      }
    })).isInstanceOf(UserError.class)
        .hasMessageStartingWith("the loss is Infinity in step 3 on rank 1 (virtual rank 2); ");
  }

  @Test
  void aLossThatIsNotFiniteNamesTheLayerThatGaveTheFirstSuchNumberAndTheSamples() {
    BatchSource<Batch> described = new BatchSource<>() {
      @Override
      public Batch batch(long step, int virtualRank, int accumulation) {
        return TinyRun.random(step, virtualRank, accumulation);
      }

      @Override
      public String describe(long step, int virtualRank, int accumulation) {
        return "samples of " + step + "/" + virtualRank + "/" + accumulation;
      }
    };
    String layer = "transformer.h.1.mlp.c_fc.weight";
    for (Precision precision : List.of(Precision.FLOAT32, Precision.BFLOAT16)) {
      assertThatThrownBy(() -> TinyRun.train(2, options(5).build(), precision, 1, described, (loop, model) -> {
        float[] large = new float[(int) model.layout().parameter(layer).size()];
        java.util.Arrays.fill(large, 3e38f);
        model.layout().parameter(layer).in(model.weights()).put(0, large, 0, large.length);
        model.weightsChanged();
        return loop;
      })).isInstanceOf(UserError.class).hasMessageStartingWith("the loss is NaN in step 1 on rank 0 (virtual rank 0): ")
          .hasMessageContaining(" came out of " + layer + " (multiply); the micro-batch: samples of 1/0/0; ")
          .hasMessageContaining("no checkpoint was touched");
    }
  }

  @Test
  void weightsThatAreNotFiniteAreNamed() {
    assertThatThrownBy(() -> TinyRun.train(2, options(5).build(), Precision.FLOAT32, 1, TinyRun.DATA, (loop, model) -> {
      model.layout().parameter("transformer.h.0.ln_2.bias").in(model.weights()).put(0, new float[]{Float.NaN}, 0, 1);
      return loop;
    })).isInstanceOf(UserError.class).hasMessageContaining("the weights of transformer.h.0.ln_2.bias are not finite");
  }

  @Test
  void everyStepIsToldOnEveryRankWithTheTimesOfAll() {
    List<StepFacts> told = java.util.Collections.synchronizedList(new ArrayList<>());
    TinyRun.Ended ended = train(2, options(5).logEvery(1).build(), TinyRun.DATA, loop -> loop.following(told::add));
    assertThat(told).hasSize(10).allMatch(facts -> facts.ranks() == 2 && facts.seconds() > 0);
    assertThat(told.stream().map(StepFacts::step)).containsExactlyInAnyOrder(1L, 1L, 2L, 2L, 3L, 3L, 4L, 4L, 5L, 5L);
    for (LossPoint point : ended.result().history()) {
      assertThat(told).filteredOn(facts -> facts.step() == point.step())
          .allMatch(facts -> facts.loss() == point.loss());
    }
  }

  @Test
  void dataThatEndsTooEarlyIsSaidBeforeTheFirstStep() {
    BatchSource<Batch> nineSteps = new BatchSource<Batch>() {
      @Override
      public Batch batch(long step, int virtualRank, int accumulation) {
        throw new AssertionError("no step was to run");
      }

      @Override
      public long lastStep() {
        return 9;
      }

      @Override
      public String whyItEnds() {
        return "epochs is 1";
      }
    };
    assertThatThrownBy(() -> train(2, options(12).build(), nineSteps, l -> l)).isInstanceOf(UserError.class)
        .hasMessage("steps is 12; there is data for 9: epochs is 1");
  }

  @Test
  void aRankThatFailsTakesAllOthersWithIt() {
    BatchSource<Batch> damaged = (step, v, a) -> {
      if (step == 3 && v == 2) throw new UserError("the shard part-7 is damaged");
      return TinyRun.random(step, v, a);
    };
    assertThatThrownBy(() -> train(3, options(5).build(), damaged, l -> l))
        .hasMessageContaining("the shard part-7 is damaged");
  }

  @Test
  void moreRanksThanVirtualRanksAreRefused() {
    assertThatThrownBy(() -> TinyRun.train(1, options(1).virtualRanks(0).build())).isInstanceOf(UserError.class);
    assertThatThrownBy(() -> TinyRun.train(5, options(1).build())).isInstanceOf(UserError.class)
        .hasMessage("virtualRanks is 4; it must be at least the number of ranks, 5");
  }

  @Test
  void aRunGoesOnOnlyWithTheSettingsThatItWasStartedWith(@TempDir Path folder) {
    RunOptions.Builder options = options(9).fixed(Map.of("precision", "float32"));
    train(1, options.stopAfter(2).build(), TinyRun.DATA, l -> l.saving(TinyRun.in(folder)));
    options.stopAfter(0);
    String where = folder.toUri().getPath().replaceAll("/$", "");
    for (RunOptions changed : List.of(options.microBatch(3).build(), options.microBatch(1).seed(4).build(),
        options.seed(0).fixed(Map.of("precision", "bfloat16")).build(), options.fixed(Map.of()).build(),
        options.fixed(Map.of("precision", "float32")).schedule(new CosineSchedule(0, 9, 0)).build())) {
      assertThatThrownBy(() -> train(2, changed, TinyRun.DATA, l -> l.saving(TinyRun.in(folder))))
          .isInstanceOf(UserError.class).hasMessageContaining("the run in").hasMessageContaining(where);
    }
    assertThatThrownBy(() -> train(2, options(9).microBatch(3).fixed(Map.of("precision", "float32")).build(),
        TinyRun.DATA, l -> l.saving(TinyRun.in(folder))))
        .hasMessageMatching(
            "microBatch is 3; the run in .*step-00000002 was started with 1 and goes on with that only: "
                + "set it back, or start a new run in another folder");
  }

  @Test
  void aStopThatOneRankAsksForEndsAllAfterTheSameStepWithACheckpoint(@TempDir Path folder) {
    AtomicReference<TrainingLoop> any = new AtomicReference<>();
    BatchSource<Batch> asking = (step, v, a) -> {
      if (step == 3) any.get().request(StopRequest.NOW);
      return TinyRun.random(step, v, a);
    };
    Checkpoints checkpoints = TinyRun.in(folder);
    TinyRun.Ended stopped = train(3, options(50).build(), asking, loop -> {
      any.set(loop);
      return loop.saving(checkpoints);
    });
    assertThat(stopped.result().finished()).isFalse();
    assertThat(stopped.result().step()).isBetween(3L, 4L);
    assertThat(TinyRun.newest(checkpoints)).hasValueSatisfying(
        name -> assertThat(checkpoints.open(name).state().step()).isEqualTo(stopped.result().step()));
  }

  @Test
  void aStopAtACheckpointWaitsForTheNextThatIsDue(@TempDir Path folder) {
    Checkpoints checkpoints = TinyRun.in(folder);
    TinyRun.Ended stopped = train(2, options(50).checkpointEvery(10).build(), TinyRun.DATA, loop -> {
      loop.request(StopRequest.AT_CHECKPOINT);
      loop.request(StopRequest.NONE);            // takes nothing back
      return loop.saving(checkpoints);
    });
    assertThat(stopped.result().finished()).isFalse();
    assertThat(stopped.result().step()).isEqualTo(10);
  }

  @Test
  void onlyRankZeroIsToldAndEachEventAtItsTime() {
    List<String> told = new ArrayList<>();
    RunOptions options = options(7).logEvery(3).evaluateEvery(4).build();
    train(3, options, TinyRun.DATA,
        loop -> loop.evaluating((all, watch) -> OptionalDouble.of(1.5)).telling(new TrainingListener() {
          @Override
          public void started(long firstStep, long steps, int worldSize) {
            told.add("started " + firstStep + " " + steps + " " + worldSize);
          }

          @Override
          public void progressed(Progress progress) {
            told.add("step " + progress.step());
            assertThat(progress.tokens()).isEqualTo(4 * 2 * 9);
            assertThat(progress.tokensPerSecond()).isPositive();
          }

          @Override
          public void evaluated(long step, double meanLoss) {
            told.add("evaluated " + step);
          }
        }));
    assertThat(told).containsExactly("started 1 7 3", "step 1", "step 3", "evaluated 4", "step 6", "step 7",
        "evaluated 7");
  }

  @Test
  void whatAStepTookIsGivenBackWhereItsOptimizerCannotBeMade() {
    long before = Memory.inUse();
    RunOptions options = RunOptions.of(1, Muon.Recipe.of(1e-2, false)).virtualRanks(2).build();      // not for vectors
    assertThatThrownBy(() -> TinyRun.train(1, options)).isInstanceOf(IllegalArgumentException.class);
    assertThat(Memory.inUse()).isEqualTo(before);
  }

  @Test
  void clippingBoundsTheStepAndTheNormIsToldAsItWasBefore() {
    try (Kernels kernels = PlainKernels.of(1); SlopeModel model = new SlopeModel(1, Parameter.Role.VECTOR)) {
      List<Progress> told = new ArrayList<>();
      RunOptions options = RunOptions.of(1, Sgd.Recipe.plain(1)).virtualRanks(2).clipNorm(0.25).build();
      new TrainingLoop(model, kernels, new Alone(), SlopeModel.DATA, options).telling(new TrainingListener() {
        @Override
        public void progressed(Progress progress) {
          told.add(progress);
        }
      }).run();
      assertThat(told.get(0).gradientNorm()).isEqualTo(1);
      assertThat(model.weights().toFloats()[0]).isCloseTo(0.75f, within(1e-6f));
    }
  }

  @Test
  void aProgressLineSaysAllThatOneWantsToKnow() {
    assertThat(ProgressLine.of(new Progress(40, 1200, 3.14159, 1024, 5e-3, 0.8765, 1024, 20_000, 185, 3L << 29, 0)))
        .isEqualTo(
            "step   40/1200  loss 3.1416  rate 5.00e-03  norm 0.877  20,000 tokens/s  3:05 min left  1.5 GiB off-heap");
  }
}
