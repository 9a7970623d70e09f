package dev.kindling.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kindling.train.loop.StepFacts;
import dev.kindling.train.profile.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class StragglersTest {
  private static final List<String> PLACES = List.of("4 on north", "7 on south", "2 on west");

  /** @param compute seconds of each rank; who is done first is blocked until the last is */
  private static List<String> told(int windows, long... compute) {
    Stragglers stragglers = new Stragglers(8, PLACES);
    long most = Arrays.stream(compute).max().orElseThrow();
    List<long[]> nanos = Arrays.stream(compute).mapToObj(seconds -> {
      long[] parts = new long[Part.values().length];
      parts[Part.COMPUTE.ordinal()] = seconds * 1_000_000_000;
      parts[Part.NETWORK.ordinal()] = (most - seconds) * 1_000_000_000;
      return parts;
    }).toList();
    List<String> lines = new ArrayList<>();
    for (int step = 1; step <= windows * Stragglers.WINDOW; step++) {
      stragglers.next(new StepFacts(step, 1, 1, 1, 1, 1, 0, new double[8], nanos)).ifPresent(lines::add);
    }
    return lines;
  }

  @Test
  void aRankThatIsSlowForItsShareIsNamedOnceWithItsPlace() {
    assertThat(told(3, 3, 7, 2)).hasSize(1).first().asString()
        .startsWith("rank 1 is a straggler (executor 7 on south): 2.3 times as long as the others for the same work")
        .contains("ranks waited 43% of their time");
  }

  @Test
  void moreVirtualRanksAreMoreWorkAndNoFault() {
    assertThat(told(3, 3, 3, 2)).isEmpty();      // three ranks hold 3, 3 and 2 of 8
  }
}
