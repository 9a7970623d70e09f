package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.tensor.Precision;
import java.nio.file.Path;
import java.util.OptionalDouble;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run that is told to end while it measures itself saves what it has learned, and measures when it goes on. */
class GivenUpMeasurementTest {
  private static final Evaluation EVALUATION = (communicator, watch) -> {
    boolean goesOn = watch.goesOn(1, 2);
    boolean all = communicator.allGather(new byte[]{(byte) (goesOn ? 1 : 0)}).stream().allMatch(b -> b[0] == 1);
    return all ? OptionalDouble.of(1.5) : OptionalDouble.empty();
  };

  /** @param stopIn the step in whose measurement one rank is told to end; -1: none */
  private static TinyRun.Ended train(int worldSize, long stopIn, Checkpoints checkpoints) {
    RunOptions options = RunOptions.of(6, TinyRun.MUON).virtualRanks(4).evaluateEvery(3).logEvery(1).build();
    return TinyRun.train(worldSize, options, Precision.BFLOAT16, 1, TinyRun.DATA, loop -> {
      long[] step = new long[1];
      return loop.saving(checkpoints).following(facts -> step[0] = facts.step()).evaluating((communicator, watch) -> {
        if (step[0] == stopIn && communicator.rank() == worldSize - 1) loop.request(StopRequest.NOW);
        return EVALUATION.meanLoss(communicator, watch);
      });
    });
  }

  @ParameterizedTest
  @CsvSource({"1,3", "1,6", "2,3", "3,6"})
  void itIsSavedAndMeasuredWhenItGoesOn(int worldSize, long stopIn, @TempDir Path folder) {
    TinyRun.Ended whole = train(1, -1, TinyRun.in(folder.resolve("whole")));
    Path own = folder.resolve("stopped");
    TinyRun.Ended stopped = train(worldSize, stopIn, TinyRun.in(own));
    assertThat(stopped.result().finished()).isFalse();
    assertThat(stopped.result().step()).isEqualTo(stopIn);
    assertThat(stopped.result().history()).noneMatch(p -> p.kind().equals(LossPoint.VALIDATION) && p.step() == stopIn);
    assertThat(TinyRun.newest(TinyRun.in(own)))
        .hasValueSatisfying(name -> assertThat(name).contains("step-0000000" + stopIn));
    for (int again = 0; again < 2; again++) {    // the second time nothing is left to do
      TinyRun.Ended last = train(worldSize, -1, TinyRun.in(own));
      assertThat(last.result().finished()).isTrue();
      assertThat(last.result().history()).isEqualTo(whole.result().history());
      assertThat(last.weightsSha256()).isEqualTo(whole.weightsSha256());
    }
  }
}
