package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** 2,000 steps after a warm-up of 1,000 leave a process as large as it was. */
@Tag("slow")
class NoGrowthTest {
  private static final int WARM_UP = 1000;
  /** Of Student's t with 19 degrees of freedom: exceeded once in 1,000 runs where nothing grows. */
  private static final double MOST = 3.58;
  /** A fixed and touched heap is no part of what grows. */
  private static final List<String> FLAGS = List.of("-Xms96m", "-Xmx96m", "-XX:+AlwaysPreTouch", "-XX:+UseSerialGC");

  @ParameterizedTest
  @CsvSource({"gpt2, FLOAT32, 2", "gpt2, BFLOAT16, 1", "t5, FLOAT32, 2"})
  void nothingGrowsFromStepToStep(String model, String precision, String threads) {
    List<ManySteps.Found> found = OwnJvm.same().run(ManySteps.class, FLAGS, model, precision, threads).stream()
        .filter(line -> line.startsWith(ManySteps.FOUND)).map(ManySteps.Found::parse)
        .filter(each -> each.step() >= WARM_UP).toList();
    assertThat(found).hasSize((ManySteps.STEPS - WARM_UP) / ManySteps.EVERY + 1);
    assertThat(found).extracting(ManySteps.Found::held).containsOnly(found.get(0).held());
    assertThat(slope(found, ManySteps.Found::resident)).as("resident memory, %s", found).isLessThan(MOST);
    assertThat(slope(found, ManySteps.Found::pointers)).as("what JavaCPP holds, %s", found).isLessThan(MOST);
    long steps = ManySteps.STEPS - WARM_UP;
    long allocated = found.get(found.size() - 1).allocated() - found.get(0).allocated();
    assertThat(allocated / steps / ManySteps.MICRO_BATCHES).as("on the heap, %s", found)
        .isLessThan(TrainingLoop.GARBAGE);
  }

  /**
   * Student's t of the mean increment: large where the increments are alike, as those of a leak are, and not where a few make the
   * sum, as when the compiler takes memory and gives it back.
   */
  private static double slope(List<ManySteps.Found> found, ToLongFunction<ManySteps.Found> of) {
    int n = found.size() - 1;
    double mean = (of.applyAsLong(found.get(n)) - of.applyAsLong(found.get(0))) / (double) n;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      double off = of.applyAsLong(found.get(i + 1)) - of.applyAsLong(found.get(i)) - mean;
      squares += off * off;
    }
    return mean == 0 ? 0 : mean / Math.sqrt(squares / (n - 1) / n);
  }
}
