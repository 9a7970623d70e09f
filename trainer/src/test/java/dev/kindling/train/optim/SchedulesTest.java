package dev.kindling.train.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.checkpoint.UserError;
import java.io.File;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SchedulesTest {
  static Stream<Arguments> curves() {
    return Stream.of(Arguments.of("linear", new LinearSchedule(10, 100, 0)),
        Arguments.of("cosine", new CosineSchedule(10, 100, 0)),
        Arguments.of("cosine_with_min_lr", new CosineSchedule(10, 100, 0.1)),
        Arguments.of("constant_with_warmup", new ConstantSchedule(10)),
        Arguments.of("warmup_stable_decay", new WarmupStableDecaySchedule(10, 30, 100, 0.1)),
        Arguments.of("polynomial", new PolynomialSchedule(10, 100, 1, 1e-7)),
        Arguments.of("inverse_sqrt", new InverseSquareRootSchedule(10, 0)));
  }

  @ParameterizedTest
  @MethodSource("curves")
  void eachCurveIsHuggingFacesFromItsFirstStepThatMoves(String name, Schedule schedule) throws IOException {
    File curves = new File("../golden/cases/optimizers/schedules.json");
    JsonNode rates = new ObjectMapper().readTree(curves).get(name).get("rate");
    // theirs spends a first step at rate 0 of the warm-up; ours begins with their second
    for (int step = 1; step < rates.size(); step++) {
      assertThat(schedule.factor(step)).as("step %d", step).isCloseTo(rates.get(step).asDouble(), within(1e-12));
    }
  }

  static Stream<Arguments> curvesThatEnd() {
    return curves().filter(curve -> !curve.get()[0].equals("inverse_sqrt"));
  }

  @ParameterizedTest
  @MethodSource("curvesThatEnd")
  void whatComesAfterTheLastStepKeepsTheLastRate(String name, Schedule schedule) {
    assertThat(schedule.factor(1_000)).as(name).isEqualTo(schedule.factor(100));
  }

  @Test
  void theInverseRootIsHalfThePeakAfterThreeMoreTimescales() {
    assertThat(new InverseSquareRootSchedule(100, 0).factor(400)).isEqualTo(0.5);
    assertThat(new InverseSquareRootSchedule(100, 500).factor(1_600)).isEqualTo(0.5);
    assertThat(new InverseSquareRootSchedule(0, 0).factor(30_000)).isEqualTo(0.5);
  }

  @Test
  void aPowerOfTwoIsAQuarterOfTheWayUpWhereHalfOfTheStepsAreLeft() {
    assertThat(new PolynomialSchedule(100, 300, 2, 0.2).factor(200)).isCloseTo(0.2 + 0.8 / 4, within(1e-15));
  }

  @Test
  void noWarmUpStartsAtThePeak() {
    assertThat(new CosineSchedule(0, 100, 0).factor(1)).isCloseTo(1, within(1e-3));
    assertThat(new ConstantSchedule(0).factor(1)).isEqualTo(1);
    assertThat(new LinearSchedule(0, 100, 0).factor(1)).isEqualTo(0.99);
    assertThat(new WarmupStableDecaySchedule(0, 0, 100, 0.1).factor(100)).isEqualTo(1);
  }

  @Test
  void aWarmUpAsLongAsTheRunIsRefusedInOneLine() {
    assertThatThrownBy(() -> new CosineSchedule(2000, 1000, 0)).isInstanceOf(UserError.class)
        .hasMessage("schedule.warmupSteps is 2000; it must be fewer than the run's steps, 1000");
  }
}
