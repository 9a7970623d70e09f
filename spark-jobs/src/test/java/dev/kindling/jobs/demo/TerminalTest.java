package dev.kindling.jobs.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TerminalTest {
  @Test
  void aCurveFallsFromTheHighestBlockToTheLowest() {
    assertThat(Terminal.sparkline(new double[]{7, 6, 5, 4, 3, 2, 1, 0}, 8)).isEqualTo("█▇▆▅▄▃▂▁");
    assertThat(Terminal.sparkline(new double[1000], 48)).hasSize(48).containsOnlyOnce("▁".repeat(48));
    assertThat(Terminal.sparkline(new double[]{3}, 48)).isEqualTo("▁");
    assertThat(Terminal.sparkline(new double[0], 48)).isEmpty();
  }
}
