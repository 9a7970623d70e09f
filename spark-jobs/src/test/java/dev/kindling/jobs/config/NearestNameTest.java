package dev.kindling.jobs.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NearestNameTest {
  private static final List<String> NAMES = List.of("steps", "learningRate", "batch", "warmupSteps");

  @Test
  void aSlipFindsTheNameThatWasMeant() {
    assertThat(NearestName.of("stesp", NAMES)).contains("steps");
    assertThat(NearestName.of("learning_rate", NAMES)).contains("learningRate");
    assertThat(NearestName.of("Batch", NAMES)).contains("batch");
    assertThat(NearestName.of("warmupStep", NAMES)).contains("warmupSteps");
  }

  @Test
  void aWordOfItsOwnFindsNothing() {
    assertThat(NearestName.of("temperature", NAMES)).isEmpty();
    assertThat(NearestName.of("", NAMES)).isEmpty();
  }
}
