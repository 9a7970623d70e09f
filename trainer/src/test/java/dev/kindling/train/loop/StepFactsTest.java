package dev.kindling.train.loop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kindling.train.profile.Part;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StepFactsTest {
  private static long[] nanos(Map<Part, Long> parts) {
    long[] all = new long[Part.values().length];
    parts.forEach((part, value) -> all[part.ordinal()] = value * 1_000_000_000);
    return all;
  }

  /** Two ranks of 10 seconds; the second computes longer and is blocked for one second only. */
  private static final StepFacts TWO = new StepFacts(7, 800, 10, 2.5, 1e-3, 1, 0, new double[2],
      List.of(nanos(Map.of(Part.COMPUTE, 4L, Part.NETWORK, 4L, Part.SAVE, 2L)),
          nanos(Map.of(Part.COMPUTE, 7L, Part.NETWORK, 1L, Part.SAVE, 2L))));

  @Test
  void whatARankIsBlockedLongerThanTheSlowestIsWaiting() {
    assertThat(TWO.share(Part.WAIT, 0)).isEqualTo(0.3);
    assertThat(TWO.share(Part.WAIT, 1)).isZero();
    assertThat(TWO.share(Part.NETWORK)).isEqualTo(0.1);
    assertThat(TWO.share(Part.WAIT)).isEqualTo(0.15);
    assertThat(TWO.slowest()).isEqualTo(1);
  }

  @Test
  void sharesAreAllOfTheTimeAndCheckpointsDoNotSlowTokens() {
    assertThat(Arrays.stream(Part.values()).mapToDouble(TWO::share).sum()).isCloseTo(1, within(1e-12));
    assertThat(TWO.seconds()).isEqualTo(10);
    assertThat(TWO.tokensPerSecond()).isCloseTo(800 / 8.0, within(1e-9));
  }
}
