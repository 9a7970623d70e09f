package dev.kindling.train.profile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kindling.train.kernel.KernelLibraries;
import dev.kindling.train.kernel.Kernels;
import dev.kindling.train.kernel.PackedWeight;
import dev.kindling.train.kernel.PlainKernels;
import dev.kindling.train.tensor.DType;
import dev.kindling.train.tensor.Memory;
import dev.kindling.train.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProfileTest {
  /** Steps of one product and one addition each, the latter as part of the optimizer. */
  private static RankProfile profile(int rank, int steps) {
    Profile profile = new Profile();
    try (Kernels plain = PlainKernels.of(1);
        Kernels kernels = ProfiledKernels.of(plain, profile);
        PackedWeight weight = kernels.weight(8, 16, false, DType.FLOAT32);
        Memory memory = Memory.allocate(4 * 4 * 24)) {
      Tensor x = Tensor.at(memory.address(), DType.FLOAT32, 4, 8);
      Tensor y = Tensor.at(memory.address() + x.bytes(), DType.FLOAT32, 4, 16);
      for (int step = 1; step <= steps; step++) {
        profile.step();
        Part before = profile.enter(Part.COMPUTE);
        kernels.linear(x, weight, null, y);
        profile.enter(Part.OPTIMIZER);
        kernels.add(y, y);
        profile.enter(before);
      }
      return profile.ended(rank, product -> 1e9);
    }
  }

  @Test
  void stepsAreMeasuredAfterTheFirstTwoAndEveryMomentBelongsToOnePart() {
    RankProfile found = profile(0, 9);
    assertThat(found.steps()).isEqualTo(7);
    assertThat(found.parts()).containsOnlyKeys(Part.COMPUTE, Part.OPTIMIZER, Part.OTHER);
    assertThat(found.operations()).hasSize(2).allMatch(operation -> operation.calls() == 7);
    assertThat(found.operations().stream().mapToLong(RankProfile.Operation::nanos).sum())
        .isLessThanOrEqualTo(found.nanos());
    assertThat(profile(0, 2).steps()).isZero();
  }

  @Test
  void aProductKnowsItsShapeAndHowFastItWas() {
    RankProfile.Operation linear = profile(0, 3).operations().stream().filter(o -> o.name().equals("linear"))
        .findFirst().orElseThrow();
    assertThat(linear.product()).isEqualTo(new Product(4, 8, 16, DType.FLOAT32, 1)).hasToString("4×8×16 float32");
    assertThat(linear.rate()).isEqualTo(2.0 * 4 * 8 * 16 / linear.nanos() * 1e9);
  }

  @Test
  void theTraceHasTheEventsOfThreeStepsInTheFormatOfChrome() throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ChromeTrace.write(List.of(profile(0, 9), profile(1, 9)), out);
    JsonNode trace = new ObjectMapper().readTree(out.toByteArray());
    long products = 0;
    for (JsonNode event : trace.get("traceEvents")) {
      assertThat(event.get("pid").asInt()).isBetween(0, 1);
      if (event.get("ph").asText().equals("M")) continue;
      assertThat(event.get("ph").asText()).isEqualTo("X");
      assertThat(event.get("ts").asDouble()).isNotNegative();
      assertThat(event.get("dur").asDouble()).isNotNegative();
      if (event.get("name").asText().equals("linear")) products++;
    }
    assertThat(products).isEqualTo(2 * 3);
    assertThat(trace.get("profile").get(1).get("steps").asLong()).isEqualTo(7);
  }

  @Test
  void partsOfTheKernelsAreTimedTooAndTheirOwnExceptionsComeThrough() {
    Profile profile = new Profile();
    for (int step = 0; step <= Profile.WARM_UP; step++) profile.step();
    try (Kernels kernels = ProfiledKernels.of(PlainKernels.of(1), profile)) {
      assertThat(kernels.describe()).isEqualTo("plain Java, 1 thread");
      assertThat(kernels.norms()).isSameAs(kernels.norms());
      assertThatThrownBy(() -> kernels.convert(null, null)).isInstanceOf(NullPointerException.class);
    }
    assertThat(profile.ended(0, p -> 0).operations()).extracting(RankProfile.Operation::name)
        .containsExactly("convert");
  }

  @Test
  void aCeilingIsMeasuredForLargeShapesOnAPartOfThem() {
    long before = Memory.inUse();
    try (Kernels kernels = KernelLibraries.best(1)) {
      long packed = Memory.inUse();
      Ceilings ceilings = new Ceilings(kernels);
      assertThat(ceilings.of(new Product(64, 64, 1 << 20, DType.FLOAT32, 3))).isGreaterThan(1e8);
      assertThat(Memory.inUse() - packed).isLessThan(16 << 20);        // what is left is a worker's scratch
    }
    assertThat(Memory.inUse()).isEqualTo(before);
  }
}
